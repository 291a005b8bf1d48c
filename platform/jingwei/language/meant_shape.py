"""What was probably meant by a value of another shape: a list written as words, a map as a list."""

from __future__ import annotations

import re

from jingwei.language.periods import GRAINS
from jingwei.reading.yaml_file import Data, Path, Scalar

_WORDS = re.compile(r"-?[A-Za-z0-9_.]+")
# keys whose entries are written with their ids, and those that hold conditions in turn
_ENTRIES = {
    "layout": "- section: …",
    "steps": "- id: {first} …",
    "branch": "- when: …",
    "inclusive": "- when: …",
}
# blocks that are about somebody
_ABOUT = frozenset({"approve", "fill", "cc", "acknowledge"})
# what an entry of these says first
_INSIDE_KEY = {"watch": "form", "time": "kind", "scale": "code_list"}
_INSIDE = {"rules": "check", "layout": "section", "tiles": "type", "actions": "title"}
# rights as other systems call them
OTHER_RIGHTS = {
    **dict.fromkeys(("view", "see", "show", "list", "查看", "读", "读取", "查询"), "read"),
    **dict.fromkeys(("edit", "write", "change", "modify", "修改", "编辑", "更新"), "update"),
    **dict.fromkeys(("add", "new", "insert", "新建", "新增", "创建", "添加"), "create"),
    **dict.fromkeys(("remove", "destroy", "删除"), "delete"),
    **{"提交": "submit", "取消": "cancel", "撤销": "cancel", "修订": "amend", "导出": "export"},
    **{"导入": "import", "打印": "print", "评论": "comment", "分享": "share", "共享": "share"},
}
_CODES = ("code", "value", "key", "id", "name")


def code_of(words: str) -> str | None:
    """A code that reads like these words; None where they have no letters or digits of ASCII."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", words).strip("_") or None


def meant_shape(wanted: str, data: Data, path: Path) -> str | None:
    """The same in the shape that is wanted, where that can be told. `path`: where it is written."""
    around, key = ("", "", *(str(part) for part in path))[-2:]
    if wanted == "things.map":
        return _as_map(data, key, around)
    if wanted == "things.list":
        return _as_list(data, key)
    if wanted == "things.words" and isinstance(data, dict):
        return _as_order(data)
    if wanted == "things.words" and isinstance(data, list) and len(data) == 1:
        return data[0].text[:40] if isinstance(data[0], Scalar) else None
    return None


def _as_map(data: Data, key: str, around: str) -> str | None:
    if isinstance(data, Scalar):
        if key == "time" and data.text in GRAINS:
            return f"{{kind: flow, grain: {data.text}}}"
        if key == "submit":
            return "{cancel: true, amend: true}"
        inner = "who" if key in _ABOUT else _INSIDE.get(around) or _INSIDE_KEY.get(key)
        return None if inner is None else f"{{{inner}: {data.text[:40]}}}"
    if around == "layout" and isinstance(data, list):
        names = ", ".join(part.text[:20] for part in data if isinstance(part, Scalar))
        return f"{{fields: [{names}]}}"
    if not isinstance(data, list):
        return None
    first = next((part for part in data if isinstance(part, dict)), {})
    words = [part.text[:20] for part in data if isinstance(part, Scalar)][:2]
    if words and not first and key == "choices":
        coded = (f"{code_of(word) or f'c{n}'}: {word}" for n, word in enumerate(words, 1))
        return f"{{{', '.join(coded)}}}"
    if words and not first:
        return f"{{{', '.join(f'{word}: …' for word in words)}}}"
    entries = [_name_of(part) for part in data] if key == "fields" else []
    if len(entries) > 1 and all(entries):
        return f"{{{', '.join(f'{name}: …' for name in entries[:2])}}}"
    named = next((first[one] for one in _CODES if isinstance(first.get(one), Scalar)), None)
    lead = next(iter(first), "name")
    if key == "permissions" and lead in ("role", "post") and isinstance(first[lead], Scalar):
        who = first[lead]
        return (
            f"{who.text[:40]}: {{{lead}: {who.text[:40]}, …}}" if isinstance(who, Scalar) else None
        )
    if named is None and key in _INSIDE and isinstance(first.get(lead), Scalar):
        return f"{key.removesuffix('s')}_1: {{{lead}: …}}"  # each with a name of its own
    name = named.text[:40] if isinstance(named, Scalar) else lead
    return f"{name}: …"


def _name_of(entry: Data) -> str | None:
    """What a field is called that is written as an entry of a list."""
    if not isinstance(entry, dict):
        return None
    named = next((entry[one] for one in _CODES if isinstance(entry.get(one), Scalar)), None)
    if isinstance(named, Scalar):
        return named.text[:20]
    return next(iter(entry))[:20] if len(entry) == 1 else None


def _as_list(data: Data, key: str) -> str | None:
    if isinstance(data, dict):
        return _ENTRIES[key].format(first=next(iter(data), "a")[:40]) if key in _ENTRIES else None
    if not isinstance(data, Scalar):
        return None
    if key == "can":
        return f"[{_rights(data.text[:40])}]"
    entry = re.fullmatch(r"-([^\W\d].*)", data.text[:40])
    return f"- {entry[1]}" if entry else f"[{_several(data.text[:40])}]"


def _as_order(data: dict[str, Data]) -> str | None:
    """`{day: desc}` and `{field: day, order: desc}` of other systems."""
    words = [part.text for part in data.values() if isinstance(part, Scalar)]
    if not words or len(words) != len(data) or words[-1].lower() not in ("asc", "desc"):
        return None
    name = words[0] if len(words) == 2 else next(iter(data))
    return f"-{name}" if words[-1].lower() == "desc" else name


def _rights(text: str) -> str:
    words = re.split(r"[\s,，、;；]+", text.strip())
    if words == ["all"] or words == ["*"]:
        return "read, create, update, delete"
    return ", ".join(OTHER_RIGHTS.get(word.lower(), word) for word in words)


def _several(text: str) -> str:
    """`read create` and `read、create` with the commas of a list."""
    text = text.strip("【】［］ ")
    words = re.split(r"\s*[,，、;；]\s*|\s+", text)
    return ", ".join(words) if all(_WORDS.fullmatch(word) for word in words) else text
