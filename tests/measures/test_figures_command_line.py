"""Figures from the command line: in, computed again, shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from measures_house import figures_house
from shell import Shell


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    for name in ("DATA_DIR", "ENV", "REDIS_URL", "DEFAULT_LOCALE"):
        monkeypatch.delenv(f"JINGWEI_{name}", raising=False)
    root = tmp_path / "application"
    url = f"sqlite:///{tmp_path / 'test.db'}"
    monkeypatch.setenv("JINGWEI_DATABASE_URL", url)
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(tmp_path / "var"))
    figures_house(root, url).database.close()
    found = Shell(root, capsys)
    found.write(
        "facts.csv",
        "indicator,org,period,value,unit\nsales,A,2026-02,1.5,万元\nsales,A,2025-02,12000,元\n",
    )
    return found


def test_facts_are_imported_once_and_found_unchanged_after(shell: Shell) -> None:
    file = str(shell.root / "facts.csv")

    assert shell.say("facts", "import", file) == (0, "2 new, 0 changed, 0 unchanged.")
    assert shell.say("facts", "import", file, lang="zh") == (0, "新增 0，更新 0，不变 2。")
    assert shell.say("facts", "import", file, "--as", "li.na") == (
        1,
        "You may not write facts of A. [facts-not-allowed]",
    )


def test_adjustments_have_a_sheet_of_their_own(shell: Shell) -> None:
    file = shell.write(
        "moves.csv",
        "indicator,org,period,kind,value,reason\nsales,S1,2026-02,elimination,-5,内部\n",
    )

    assert shell.json("facts", "import", str(file), "--adjustments") == {
        "created": 1, "changed": 0, "unchanged": 0,
    }  # fmt: skip


def test_a_figure_is_shown_with_what_stands_beside_it(shell: Shell) -> None:
    shell.say("facts", "import", str(shell.root / "facts.csv"))

    code, said = shell.say("indicators", "show", "sales", "--org", "S1", "--period", "2026-02",
                           "--drill", "orgs", lang="zh")  # fmt: skip

    assert code == 0
    assert said.splitlines() == [
        "销售额 工程板块 2026-02：15,000（partial，灯 –，版本 as_reported）",
        "  同比: 25.00%",
        "  环比: 缺数",
        "  与目标差: 缺数",
        "  达成率: 缺数",
        "  org          A                        15,000",
        "  org          B                        —",
    ]
    assert shell.json("indicators", "show", "sales", "--org", "A", "--period", "2026-02")[
        "value"
    ] == "15000.00"  # fmt: skip


def test_results_are_computed_again_on_request(shell: Shell) -> None:
    shell.say("facts", "import", str(shell.root / "facts.csv"))

    assert shell.say("indicators", "recompute", "sales") == (
        0,
        "16 blocks of results were computed.",
    )
    assert shell.say("indicators", "recompute", "nothing") == (
        1,
        "There is no indicator “nothing”. [no-such-indicator]",
    )
