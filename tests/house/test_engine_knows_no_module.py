"""The engine is generic: no name of the application's own definitions stands in its code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("forms", "workflows", "report_templates")
KINDS = ("modules", "indicators", "indicator_sets", "alerts", "dashboards", "profiles")


def application_names() -> set[str]:
    files = [f for folder in FOLDERS for f in (ROOT / folder).glob("*.yaml")]
    files += [f for kind in KINDS for f in (ROOT / "definitions" / kind).glob("*.yaml")]
    return {f.stem for f in files}


def test_no_name_of_the_application_occurs_in_the_engine() -> None:
    names = application_names()
    assert len(names) > 10
    word = re.compile(r"[\"'/]({})[\"'/.]".format("|".join(sorted(map(re.escape, names)))))
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "platform" / "jingwei").rglob("*"))
        if path.suffix in {".py", ".html", ".js", ".toml"} and "vendor" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if word.search(line)
    ]
    assert found == []
