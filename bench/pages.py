"""What a page costs at the server, as the person with the fewest rights: `python -m bench.pages`.

The list of the measured form, whose reader sees one org of four and what is below, and a form of
150 fields with 12 tables of five rows each, empty and filled in. Pages are asked for in this
process, without a network; of each the CPU time of this process and of the database's is kept,
which does not depend on what else the machine does, beside the median by the clock.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from bench import prepare, subject
from bench.keeping import keep, postgres, read, write
from bench.sheets import server_seconds
from jingwei.app import create_app
from jingwei.settings import Settings
from jingwei.web import EXTENSION

RECORDS = int(os.environ.get("BENCH_RECORDS", str(subject.RECORDS)))
BIG = "big"
FIELDS, TABLES, COLUMNS, ROWS = 150, 12, 6, 5
TYPES = ("text", "money, unit: CNY", "date", "integer", "boolean", "percent", "long_text")
WARM, TIMES = 5, 30
LIST = f"/f/{subject.FORM}"
LISTS = {
    "list": LIST,
    "list, two filters": f"{LIST}?f.category=works&f.amount=300000",
    "list, page 5": f"{LIST}?page=5",
}


def big_form() -> str:
    lines = ["kind: form", "title: Big", "fields:"]
    for number in range(FIELDS):
        lines.append(f"  f{number}: {{type: {TYPES[number % len(TYPES)]}, title: F {number}}}")
    for table in range(TABLES):
        lines += [f"  t{table}:", "    type: table", f"    title: T {table}", "    fields:"]
        lines += [
            f"      c{column}: {{type: {TYPES[column % len(TYPES)]}, title: C {column}}}"
            for column in range(COLUMNS)
        ]
    can = "[read, create, update]"
    lines += ["permissions:", f"  clerks: {{role: {subject.ROLE}, can: {can}, scope: all}}"]
    return "\n".join(lines) + "\n"


def big_record() -> dict[str, Any]:
    """A value for each kind of field."""
    values = ("words", 12.5, "2026-03-01", 7, True, 0.25, "more words")
    record: dict[str, Any] = {f"f{n}": values[n % len(values)] for n in range(FIELDS)}
    row = {f"c{n}": values[n % len(values)] for n in range(COLUMNS)}
    return record | {f"t{n}": [row] * ROWS for n in range(TABLES)}


def figures(root: Path, url: str) -> Iterator[tuple[str, float, float]]:
    """(page, milliseconds of CPU here and at the database, milliseconds by the clock)."""
    application = root / "application"
    target = application / "forms" / f"{BIG}.yaml"
    target.parent.mkdir(parents=True)
    target.write_text(big_form(), encoding="utf-8")
    token = prepare.prepare_ours(application, url, RECORDS)
    settings = Settings(
        application=application, data_dir=root / "var", database_url=url, secret_key="s" * 40
    )
    app = create_app(settings)
    client = app.test_client()
    made = client.post(
        f"/api/v1/forms/{BIG}/records",
        json=big_record(),
        headers={"Authorization": f"Bearer {token}"},
    )
    assert made.status_code == 201, made.text
    record = made.get_json()["id"]
    client = app.test_client()
    words = {"login": subject.LOGIN, "password": subject.PASSWORD}
    assert client.post("/sign-in", data=words).status_code == 302
    server = "" if url.startswith("sqlite") else url
    for name, path in LISTS.items():
        yield name, *one(client, path, server)
    yield "form to fill in", *one(client, f"/f/{BIG}/new", server)
    yield "form to edit", *one(client, f"/f/{BIG}/{record}/edit", server)
    yield "record", *one(client, f"/f/{BIG}/{record}", server)
    app.extensions[EXTENSION].database.close()


def one(client: FlaskClient, path: str, server: str) -> tuple[float, float]:
    for _ in range(WARM):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
    clock: list[float] = []
    used, theirs = time.process_time(), server_seconds(server)
    for _ in range(TIMES):
        began = time.perf_counter()
        client.get(path)
        clock.append(time.perf_counter() - began)
    spent = time.process_time() - used + server_seconds(server) - theirs
    return spent / TIMES * 1_000, statistics.median(clock) * 1_000


def main() -> None:
    results = read()
    with tempfile.TemporaryDirectory() as folder:
        measure(results, "sqlite", Path(folder), f"sqlite:///{folder}/pages.db")
    with tempfile.TemporaryDirectory() as folder, postgres() as url:
        measure(results, "postgresql", Path(folder), url)
    write(results)


def measure(results: dict[str, Any], base: str, root: Path, url: str) -> None:
    for name, spent, clock in figures(root, url):
        keep(results, f"pages: {name}, {base}, cpu", spent, None, "ms", RECORDS)
        keep(results, f"pages: {name}, {base}, clock", clock, None, "ms", RECORDS)


if __name__ == "__main__":
    main()
