"""The key that was probably meant by one that is not known: misspelt, or another system's word."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from jingwei.problems import nearest


def meant_key(key: str, known: Mapping[str, Any]) -> str | None:
    """The known key that `key` misspells, or that other systems call so."""
    if (other := other_word(key, known)) is not None:
        return other
    narrow = _narrow(key)
    guess = nearest(key, known) or nearest(narrow, known)
    if guess is not None:
        return guess
    if OTHER_WORDS.get(narrow) in known:
        return OTHER_WORDS[narrow]
    other = nearest(key, (word for word, ours in OTHER_WORDS.items() if ours in known))
    return OTHER_WORDS[other] if other is not None and len(key) > 3 else None


def other_word(key: str, known: Mapping[str, Any]) -> str | None:
    """The known key that other systems, or other places, call so."""
    narrow = _narrow(key)
    if narrow in known:
        return narrow
    if OTHER_WORDS.get(key) in known:
        return OTHER_WORDS[key]
    if (other := next((o for o in SEVERAL_WORDS.get(narrow, ()) if o in known), None)) is not None:
        return other
    return "who" if key in OF_WHO and "who" in known else None


def _narrow(key: str) -> str:
    return unicodedata.normalize("NFKC", key).strip().lower()


# what says who, where `who:` is missing around it
OF_WHO = frozenset(
    ("role", "roles", "post", "posts", "person", "people", "user", "users", "group", "head_of")
)
# words that are called otherwise at several places
SEVERAL_WORDS: Mapping[str, tuple[str, ...]] = {
    "cron": ("at", "check"),
    "to": ("who",),
    "form": ("watch", "to"),
    "compute": ("formula",),
    "flow": ("workflow",),
    "who": ("to",),
    "schedule": ("at", "check"),
    "title": ("section",),
    "change": ("set",),
    "edit": ("write",),
}
# words of other systems, and what they are called here
OTHER_WORDS: Mapping[str, str] = {
    "label": "title",
    "caption": "title",
    "name": "title",
    "options": "choices",
    "mandatory": "required",
    "formula": "compute",
    "calculate": "compute",
    "expression": "compute",
    "visible": "visible_if",
    "show_if": "visible_if",
    "relevant": "visible_if",
    "depends_on": "visible_if",
    "read_only": "readonly",
    "hint": "help",
    "tooltip": "help",
    "minimum": "min",
    "maximum": "max",
    "regex": "pattern",
    "columns": "fields",
    "approvers": "who",
    "condition": "when",
    "roles": "permissions",
    "标题": "title",
    "名称": "title",
    "类型": "type",
    "字段": "fields",
    "必填": "required",
    "公式": "compute",
    "说明": "description",
    "帮助": "help",
    "流程": "workflow",
    "规则": "rules",
    "权限": "permissions",
    "布局": "layout",
    "标签": "title",
    "提示": "help",
    "选项": "choices",
    "默认值": "default",
    "默认": "default",
    "最小": "min",
    "最小值": "min",
    "最大": "max",
    "最大值": "max",
    "只读": "readonly",
    "唯一": "unique",
    "步骤": "steps",
    "审批人": "who",
    "条件": "when",
    "列": "columns",
    "dependson": "visible_if",
    "mandatory_if": "required_if",
    "relation": "to",
    "target": "to",
    "placeholder_text": "placeholder",
    "decimals": "precision",
    "scale": "precision",
    "assignee": "who",
    "assignees": "who",
    "recipients": "to",
    "transitions": "actions",
    "validations": "rules",
    "constraints": "rules",
    "constraint": "check",
    "items": "choices",
    "msg": "message",
    "error": "message",
    "maxLength": "max",
    "minLength": "min",
    "max_length": "max",
    "min_length": "min",
    "default_value": "default",
    "link_to": "to",
    "target_form": "to",
    "fieldname": "type",
    "subject": "message",
    "body": "message",
    "text": "message",
    "nullable": "required",
    "group_by": "group",
    "groupby": "group",
    "if": "when",
    "stages": "steps",
    "nodes": "steps",
    "organisation": "org",
    "organization": "org",
    "schedule": "at",
    "post_name": "post",
    "posts": "post",
    "dsn": "dsn_env",
    "secret": "secret_env",
}
