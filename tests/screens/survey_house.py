"""Forms with a field of every kind, and records of them, for tests of pages."""

from __future__ import annotations

from api_house import CONTRACT, MORE_FILES, ApiHouse

SURVEY = """
kind: form
title: 踏勘
display: "{text}"
fields:
  text: {type: text, title: 名称}
  notes: {type: markdown, title: 说明}
  code: {type: code, title: 脚本}
  paid: {type: money, unit: CNY, title: 金额, show_in: 万元}
  mail: {type: email, title: 邮箱}
  phone: {type: phone, title: 电话}
  hue: {type: color, title: 颜色}
  stars: {type: rating, title: 评分}
  bar: {type: barcode, title: 条码}
  place: {type: geolocation, title: 位置}
  area: {type: region, title: 地区}
  about: {type: link, to: [contract, receipt], title: 涉及}
  any: {type: link, to: any, title: 任意}
  role: {type: role, title: 角色}
  lock: {type: secret, title: 门锁}
list:
  columns: [text, notes, code, paid, stars, hue, bar, area, place]
  filters: [area, about, any, role, owner]
permissions:
  planner: {post: planner, can: [read, create, update, delete, share, export], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
"""
BILL = """
kind: form
title: 账单
fields:
  text: {type: text, title: 名称}
  kind: {type: choice, title: 类别, choices: {x: 甲, y: 乙}}
  paid: {type: money, unit: CNY, title: 金额}
list: {columns: [text, kind, paid], group: [kind]}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
"""
FILES = {
    **MORE_FILES,
    "forms/contract.yaml": CONTRACT,
    "forms/survey.yaml": SURVEY,
    "forms/bill.yaml": BILL,
    "forms/voucher.yaml": """
kind: form
title: 凭单
fields:
  text: {type: text, title: 名称}
  paid: {type: money, unit: CNY, title: 金额}
list:
  columns: [text, paid]
  views:
    large: {type: table, title: 大额, columns: [text], filter: paid > 10, sort: [-paid]}
  opens_with: {large: {role: group_ops}}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
  ops: {role: group_ops, can: [read], scope: all}
""",
}


def make_wuchang(house: ApiHouse) -> int:
    made = house.make(
        "li.na", "survey", text="武昌", notes="# 要点\n\n- **" + "长" * 200 + "**", code="a = 1",
        paid="-5.5", mail="a@b.cn", phone="010-12 3", hue="#aabbcc", stars=3.5,
        bar="6901234567892", place={"lat": -31.2, "lon": 121.5}, area="420106",
    )  # fmt: skip
    return int(made["id"])


def make_linked(house: ApiHouse, wuchang: int) -> dict[str, int]:
    """Two records that say what they are about, and what that is."""
    bridge = int(house.make("li.na", "contract", name="大桥", amount=1)["id"])
    paid = int(house.make("li.na", "receipt", note="首付", contract=bridge)["id"])
    house.make("li.na", "survey", text="浦东", area="310115", role="group_ops",
               about={"form": "contract", "id": bridge})  # fmt: skip
    other = {"form": "receipt", "id": paid}
    any_ = {"form": "survey", "id": wuchang}
    house.make("li.na", "survey", text="西湖", area="330106", about=other, any=any_)
    return {"bridge": bridge, "paid": paid, "wuchang": wuchang}
