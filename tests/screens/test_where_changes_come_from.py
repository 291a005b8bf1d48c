"""The timeline of a record names the button that made it, though that stands at another form."""

from __future__ import annotations

from api_house import MORE_FILES, ApiHouse
from module_houses import house_of
from page_house import Pages, texts


def giver(title: str, button: str) -> str:
    return f"""
kind: form
title: {title}
fields: {{name: {{type: text, title: 名称}}}}
actions:
  issue:
    title: {button}
    do: [{{create: {{form: job, set: {{plan: =this, what: =name}}}}}}]
permissions:
  planner: {{post: planner, can: [read, create, issue], scope: org}}
"""


FILES = {
    **MORE_FILES,
    "forms/scheme.yaml": giver("方案", "下达").replace("set: {", "set: {org: =org, "),
    "forms/other.yaml": giver("别的", "印发").replace("plan: =this, ", "org: =org, "),
    "forms/job.yaml": """
kind: form
title: 任务
fields:
  plan: {type: link, to: scheme, title: 方案}
  what: {type: text, title: 事项}
permissions:
  planner: {post: planner, can: [read, create], scope: org}
""",
}
house = house_of(FILES)


def test_a_button_of_the_record_it_links_to_is_called_by_its_title(house: ApiHouse) -> None:
    scheme = house.make("li.na", "scheme", name="路")
    pressed = house.post("li.na", f"forms/scheme/records/{scheme['id']}/actions/issue")
    assert pressed.status_code == 200, pressed.get_data(as_text=True)
    (job,) = house.get("li.na", "forms/job/records").get_json()["items"]
    page = Pages(house).page("li.na", f"/f/job/{job['id']}")
    assert texts(page, "//*[@class='timeline']//small") == ["按钮“下达”"]
