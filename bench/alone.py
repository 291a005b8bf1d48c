"""Figures of one process: checking definitions, computing expressions, starting, memory."""

from __future__ import annotations

import compileall
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import jingwei
from bench import servers, subject
from jingwei.catalogue.compile import compile_catalogue
from jingwei.language.expressions.environment import Environment

FORMS, FIELDS = 1_000, 20
EVALUATIONS = 300_000
TYPES = ("text", "money, unit: CNY", "date", "integer", "boolean", "percent", "long_text")


def check_seconds(application: Path) -> float:
    """Wall clock of `jingwei check`, the process included."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "jingwei", "--application", str(application), "check"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def write_many_forms(root: Path) -> None:
    """1,000 forms of 20 fields beside the measured application."""
    subject.write_definitions(root)
    permissions = (
        f"permissions:\n  clerks: {{role: {subject.ROLE}, can: [read, create], scope: all}}\n"
    )
    for number in range(FORMS):
        lines = ["kind: form", f"title: Form {number}", "fields:"]
        for column in range(FIELDS - 2):
            lines.append(f"  f{column}: {{type: {TYPES[column % len(TYPES)]}, title: F {column}}}")
        lines.append("  total: {type: money, unit: CNY, title: Total, compute: f1 + f8}")
        lines.append("  late: {type: boolean, title: Late, compute: f2 < f9 and total > 0}")
        text = "\n".join(lines) + "\n" + permissions
        (root / "forms" / f"form_{number}.yaml").write_text(text, encoding="utf-8")


def evaluations() -> tuple[float, float]:
    """Evaluations a second of one rule: ours, and a function written by hand."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        subject.write_definitions(root)
        path = root / "forms" / f"{subject.FORM}.yaml"
        text = path.read_text(encoding="utf-8")
        rule = '  measured: {check: "amount - paid > 100 and rate < 50%", on: save, message: m}\n'
        path.write_text(text.replace("rules:\n", f"rules:\n{rule}"), encoding="utf-8")
        catalogue = compile_catalogue(root)
    formula = catalogue.forms[subject.FORM].rules["measured"].check
    assert formula is not None
    ours = catalogue.closure(formula)
    record = {"amount": Decimal("1200.50"), "paid": Decimal("200.25"), "rate": Decimal("0.25")}
    environment = Environment(record)

    def by_hand(values: dict[str, Decimal]) -> bool:
        amount, paid, rate = values.get("amount"), values.get("paid"), values.get("rate")
        if amount is None or paid is None or rate is None:
            return False
        return amount - paid > 100 and rate < Decimal("0.5")

    assert ours(environment) is True
    return _rate(lambda: ours(environment)), _rate(lambda: by_hand(record))


def _rate(call: object) -> float:
    assert callable(call)
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(EVALUATIONS):
            call()
        best = max(best, EVALUATIONS / (time.perf_counter() - began))
    return best


def start_up(application: Path, database_url: str) -> tuple[float, float]:
    """Seconds until `serve` is ready on a prepared directory, and megabytes of its worker. The
    modules are compiled, as `make install` leaves them."""
    compileall.compile_dir(jingwei.__path__[0], quiet=2)
    server = servers.start_ours(application, database_url, worker=True)
    try:
        return server.ready_after, server.worker_megabytes
    finally:
        server.stop()
