"""Guards of the code itself, beyond what ruff, mypy and import-linter prove."""

import re
from pathlib import Path

ENGINE = Path(__file__).parents[2] / "platform" / "jingwei"


def lines_of_the_engine() -> list[tuple[Path, int, str]]:
    return [
        (path.relative_to(ENGINE), number, line)
        for path in sorted(ENGINE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]


def test_only_the_clock_asks_what_time_it_is() -> None:
    asks = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(\)")
    found = [
        f"{path}:{number}"
        for path, number, line in lines_of_the_engine()
        if asks.search(line) and path.as_posix() != "services/clock.py"
    ]
    assert found == []


def test_no_chinese_sentence_stands_in_the_code() -> None:
    """Words for people live in texts/; the language's own unit words (万, 亿 …) are its syntax."""
    chinese = re.compile(r"[\u4e00-\u9fff]{4,}")
    # numerals are no words; a table of what people may write is input, not a sentence for them
    allowed = re.compile(r'^\s*#|"""|零一二三四五六七八九|^\s*"[\u4e00-\u9fff]+": "[a-z_]+",$')
    found = []
    for path, number, line in lines_of_the_engine():
        code = line.split("#")[0]
        if chinese.search(code) and not allowed.search(line) and '"' in code:
            literals = re.findall(r'"([^"]*)"', code)
            if any(chinese.search(text) for text in literals):
                found.append(f"{path}:{number}: {line.strip()}")
    assert found == []


def test_nothing_evaluates_text_as_code() -> None:
    risky = re.compile(r"(?<![\w.])(eval|exec|__import__)\(|\bpickle\b")
    found = [
        f"{path}:{number}"
        for path, number, line in lines_of_the_engine()
        if risky.search(line.split("#")[0])
    ]
    assert found == []


def test_the_process_keeps_no_table_that_one_installation_could_change_for_another() -> None:
    """What a module holds is constant: whatever differs between installations is handed in."""
    empty = re.compile(r"^(\w+)(: [^=]+)? = (\{\}|\[\]|(dict|set|list|defaultdict)\()")
    # faults are armed for a whole process; readers of the language are written beside it, once
    allowed = {"storage/failpoints.py", "language/walker.py"}
    found = [
        f"{path}:{number}"
        for path, number, line in lines_of_the_engine()
        if empty.match(line) and path.as_posix() not in allowed
    ]
    found += [f"{p}:{n}" for p, n, line in lines_of_the_engine() if re.match(r"\s+global ", line)]
    assert found == []
