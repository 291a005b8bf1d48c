"""Words in Chinese, and of other systems, by what the language calls them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

# values that a key may have
VALUES: Mapping[str, str] = {
    "或签": "any",
    "会签": "all",
    "依次": "sequential",
    "逐级": "sequential",
    "投票": "vote",
    "表决": "vote",
    "基础": "simple",
    "原子": "simple",
    "比率": "ratio",
    "比例": "ratio",
    "派生": "derived",
    "累计": "cumulative",
    "填报": "input",
    "录入": "input",
    "定性": "qualitative",
    "时期": "flow",
    "时点": "balance",
    "余额": "balance",
    "求和": "sum",
    "合计": "sum",
    "加总": "sum",
    "平均": "weighted_average",
    "不汇总": "none",
    "最大": "max",
    "最小": "min",
    "计数": "count",
    "日": "day",
    "月": "month",
    "月度": "month",
    "季": "quarter",
    "季度": "quarter",
    "年": "year",
    "年度": "year",
    "实际": "actual",
    "目标": "target",
    "预算": "budget",
    "预测": "forecast",
    "数字": "number",
    "表格": "table",
    "图表": "chart",
    "列表": "list",
    "文字": "text",
    "柱状图": "bar",
    "折线图": "line",
    "饼图": "pie",
    "面积图": "area",
    "雷达图": "radar",
    "看板": "kanban",
    "日历": "calendar",
    "甘特图": "gantt",
    "树": "tree",
    "越大越好": "higher_better",
    "越小越好": "lower_better",
    "区间": "in_range",
    "错误": "error",
    "警告": "warn",
    "提示": "warn",
    "必填": "required",
    "选填": "optional",
    "保存": "save",
    "提交": "submit",
    "红": "red",
    "红色": "red",
    "橙": "orange",
    "黄": "yellow",
    "黄色": "yellow",
    "绿": "green",
    "绿色": "green",
    "蓝": "blue",
    "蓝色": "blue",
}
# the same words where another of their meanings is possible
_ALSO: Mapping[str, str] = {
    "比率": "rate",
    "比例": "rate",
    "累计": "flow_ytd",
    "平均": "average",
    "柱状图": "chart",
    "折线图": "chart",
    "饼图": "chart",
    "面积图": "chart",
    "雷达图": "chart",
}

# names that people give to fields, steps and levels
_NAMES: Mapping[str, str] = {
    "名称": "name",
    "姓名": "name",
    "标题": "subject",
    "编号": "code",
    "编码": "code",
    "金额": "amount",
    "总额": "total_amount",
    "总金额": "total_amount",
    "合计": "total",
    "数量": "quantity",
    "单价": "price",
    "日期": "date",
    "开始日期": "start_date",
    "结束日期": "end_date",
    "截止日期": "due",
    "年度": "year",
    "年份": "year",
    "月份": "month",
    "期间": "period",
    "备注": "remark",
    "说明": "description",
    "原因": "reason",
    "事由": "reason",
    "类型": "type",
    "类别": "category",
    "部门": "department",
    "项目": "project",
    "合同": "contract",
    "客户": "customer",
    "供应商": "supplier",
    "负责人": "manager",
    "申请人": "applicant",
    "联系人": "contact",
    "电话": "phone",
    "附件": "attachment",
    "明细": "lines",
    "进度": "progress",
    "天数": "days",
    "地址": "address",
    "初审": "first_review",
    "复核": "review",
    "审核": "review",
    "审批": "approval",
    "总经理": "general_manager",
    "部门经理": "manager",
    "财务": "finance",
}
# words of conditions
_SPOKEN: Mapping[str, str] = {
    "并且": "and",
    "而且": "and",
    "且": "and",
    "和": "and",
    "与": "and",
    "或者": "or",
    "或": "or",
    "非": "not",
    "不是": "not",
    "等于": "eq",
    "不等于": "ne",
    "大于": "gt",
    "超过": "gt",
    "小于": "lt",
    "低于": "lt",
    "大于等于": "ge",
    "不低于": "ge",
    "小于等于": "le",
    "不超过": "le",
    "属于": "in",
    "为空": "empty",
}
_SIGNS: Mapping[str, str] = {
    **{word: word for word in ("and", "or", "not", "in")},
    **{"eq": "==", "ne": "!=", "gt": ">", "lt": "<", "ge": ">=", "le": "<=", "empty": "is empty"},
}
_DIGITS = {sign: str(value) for value, sign in enumerate("零一二三四五六七八九")} | {"两": "2"}
_AMOUNT = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?)(千万|百万|万元|亿元|万亿元|元|千元|千|百)")
_ZEROS = {"千万": ("000", "万"), "百万": ("00", "万"), "千": ("000", ""), "百": ("00", "")}
_CLOCK = re.compile(r"(?:上午|早上|at\s*)?\s*([0-9]{1,2})(?:[:点时]([0-9]{1,2})?分?)(?:整)?\Z")
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS = {str(number): day for number, day in enumerate(_WEEK, 1)} | {"日": "sun", "天": "sun"}


def meant_word(written: str, known: Sequence[str]) -> str | None:
    """One of the words that are possible, by what it is called in Chinese."""
    meant = (VALUES.get(written), _ALSO.get(written))
    return next((word for word in meant if word is not None and word in known), None)


def meant_sign(written: str) -> str | None:
    """What joins or compares, by a word for it: `并且`, `AND`, `gte`."""
    small = written.lower()
    meant = _SIGNS.get(_SPOKEN.get(written, small.removesuffix("e") if len(small) == 3 else small))
    return None if meant == written else meant


def meant_name(written: str) -> str | None:
    """A name for what was named in Chinese; None where there is no good one."""
    return _NAMES.get(written) or VALUES.get(written)


def meant_amount(written: str) -> str | None:
    """`5000万元` is `5000万`, and `5千万` is `5000万`."""
    text = unicodedata.normalize("NFKC", written).strip()
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    digits, unit = match[1].replace(",", ""), match[2]
    if unit in _ZEROS:
        zeros, left = _ZEROS[unit]
        return None if "." in digits else f"{digits}{zeros}{left}"
    unit = unit.removesuffix("元")
    return f"{digits}000" if unit == "千" else f"{digits}{unit}"


def with_digits(written: str) -> str:
    """`三天` with its digits as `3天`; numbers above nine are left alone."""
    return "".join(
        _DIGITS.get(sign, sign)
        if not {written[place - 1 : place], written[place + 1 : place + 2]} & {*_DIGITS, "十"}
        else sign
        for place, sign in enumerate(written)
    )


def meant_schedule(written: str) -> str | None:
    """`每天8点`, `daily at 8:00`, `每周一 9:00` and `每月12日 6:00` as the language writes them."""
    text = with_digits(unicodedata.normalize("NFKC", written).strip().lower())
    clock = _CLOCK.search(text)
    if clock is None or int(clock[1]) > 23 or int(clock[2] or 0) > 59:
        return None
    at = f"{int(clock[1]):02d}:{int(clock[2] or 0):02d}"
    when = text[: clock.start()].strip()
    if re.fullmatch(r"每[天日]|daily|every ?day", when):
        return f"daily {at}"
    week = re.fullmatch(
        r"(?:每周|weekly|every) ?([1-7日天]|mon|tue|wed|thu|fri|sat|sun)(?:\w*day)?", when
    )
    if week:
        return f"weekly {_DAYS.get(week[1], week[1])} {at}"
    month = re.fullmatch(r"(?:每月|monthly )([0-9]{1,2})[日号]?", when)
    return f"monthly {int(month[1]):02d} {at}" if month else None
