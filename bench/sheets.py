"""Sheets in and out beside the same by hand, in CPU time of one process: `python -m bench.sheets`.

`python -m bench.sheets clock` measures by the clock instead, on SQLite and on PostgreSQL, there
with the CPU time of the server: for a machine that does nothing else.

The floor reads the same CSV, converts and checks every cell in a loop written for this form, and
writes record, change and outbox row in the same batches; it exports with one SELECT and `csv`.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from bench import subject
from bench.keeping import ADMIN, keep, postgres, read, write
from jingwei.app import build_platform
from jingwei.catalogue.compile import compile_catalogue
from jingwei.gateways.sheets import SheetFile
from jingwei.gateways.workbook import csv_pages, write_workbook
from jingwei.services.exchange import import_sheet
from jingwei.services.export import export
from jingwei.services.listing import ListWish
from jingwei.services.people import Person
from jingwei.services.platform import Platform
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords
from jingwei.settings import Settings
from jingwei.storage.apply import Publication, apply
from jingwei.storage.upgrade import upgrade

ROWS, TURNS = int(os.environ.get("BENCH_SHEET_ROWS", "40000")), 4
BATCH = 1_000
FORM = "sheet"
TEXTS = ("code", "name", "partner", "note", "place", "owner_name")
MONEY = ("amount", "paid", "rest", "tax")
DATES = ("signed_on", "ends_on", "paid_on")
CHOICES = ("category", "state_of")
FIELDS = (*TEXTS, *MONEY, *DATES, *CHOICES, "rate", "month", "urgent", "count", "size")  # twenty


def definition() -> str:
    lines = ["kind: form", "title: Sheet", "fields:"]
    lines.append("  code: {type: text, title: code, required: true, unique: true, max: 40}")
    lines += [f"  {n}: {{type: text, title: {n}, max: 200}}" for n in TEXTS[1:]]
    lines += [f"  {n}: {{type: money, unit: CNY, title: {n}, min: 0}}" for n in MONEY]
    lines += [f"  {n}: {{type: date, title: {n}}}" for n in DATES]
    lines += [
        f"  {n}: {{type: choice, title: {n}, choices: {{a: A, b: B, c: C}}}}" for n in CHOICES
    ]
    lines += ["  rate: {type: percent, title: rate, max: 100%}"]
    lines += ["  month: {type: period, grain: month, title: month}"]
    lines += ["  urgent: {type: boolean, title: urgent}", "  count: {type: integer, title: count}"]
    lines += ["  size: {type: number, title: size}", "permissions:"]
    can = "[read, create, update, import, export]"
    lines += [f"  clerks: {{role: {subject.ROLE}, can: {can}, scope: org_and_below}}"]
    return "\n".join(lines) + "\n"


def row(number: int) -> dict[str, str]:
    """Values differ from row to row as much as real ones do."""
    day = date.fromordinal(737_000 + number % 1_500)
    found = {name: f"{name} {number} of the works" for name in TEXTS}
    found |= {name: f"{number * 1.25 + at:.2f}" for at, name in enumerate(MONEY)}
    found |= dict.fromkeys(DATES, day.isoformat())
    found |= dict.fromkeys(CHOICES, "abc"[number % 3])
    return found | {
        "code": f"C-{number:07d}",
        "rate": f"{number % 1_000 / 1_000}",
        "month": day.isoformat()[:7],
        "urgent": "true" if number % 5 == 0 else "false",
        "count": str(number % 997),
        "size": f"{number % 10_000 / 1_000}",
    }


def write_csv(path: Path, first: int, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, FIELDS)
        writer.writeheader()
        writer.writerows(row(number) for number in range(first, first + count))


# --- ours ----------------------------------------------------------------------------------------


def prepare(root: Path, url: str = "") -> tuple[Platform, Person]:
    subject.write_definitions(root)
    (root / "forms" / f"{FORM}.yaml").write_text(definition(), encoding="utf-8")
    url = url or f"sqlite:///{root}/ours.db"
    settings = Settings(
        application=root, data_dir=root / "var", database_url=url, secret_key="s" * 40
    )
    platform = build_platform(settings)
    upgrade(platform.database)
    now = datetime.now(UTC)
    wanted = Publication(author="bench", now=now, today=now.date())
    apply(platform.database, compile_catalogue(root), wanted)
    who = {"login": "clerk", "name": "clerk", "org": "S1", "roles": f"{subject.ROLE}@S1"}
    from jingwei.services.people import SYSTEM

    platform.commands.run(lambda work: import_people(work, [who], Passwords(cheap=True)), SYSTEM)
    with platform.database.reading() as connection:
        actor = platform.commands.people.find(connection, "clerk", platform.clock.today())
    assert actor is not None
    return platform, actor


def our_import(platform: Platform, actor: Person, path: Path) -> int:
    found = import_sheet(platform.commands, actor, FORM, SheetFile(path, path.name), "rows")
    assert not found.bad, found.refused[:3]
    return found.good


def our_export(platform: Platform, actor: Person, kind: str, target: Path) -> int:
    with platform.commands.read(actor) as view:
        wish = ListWish(fields=FIELDS, sort=("code",))
        found = export(view, FORM, wish, "en", days=kind != "csv")
        if kind == "xlsx":
            return write_workbook(str(target), found.titles, found.rows, found.types)
        with target.open("wb") as file:
            for piece in csv_pages(found.titles, found.pages, found.types):
                file.write(piece)
    return ROWS


# --- by hand -------------------------------------------------------------------------------------


def open_floor(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    columns = ", ".join(f'"{name}"' for name in FIELDS)
    connection.execute(
        "CREATE TABLE sheet (id INTEGER PRIMARY KEY, org TEXT, revision INTEGER, at TEXT, "
        f"{columns})"
    )
    connection.execute("CREATE UNIQUE INDEX sheet_code ON sheet (code)")
    connection.execute("CREATE INDEX sheet_org ON sheet (org, id)")
    connection.execute("CREATE TABLE change (id INTEGER PRIMARY KEY, object INTEGER, body TEXT)")
    connection.execute("CREATE INDEX change_object ON change (object, id)")
    connection.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, topic TEXT, body TEXT)")
    return connection


def floor_import(connection: sqlite3.Connection, path: Path) -> int:
    marks = ", ".join("?" * (len(FIELDS) + 4))
    count = first = connection.execute("SELECT coalesce(max(id), 0) FROM sheet").fetchone()[0]
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        while batch := [line for _, line in zip(range(BATCH), lines, strict=False)]:
            records, changes, messages = [], [], []
            for line in batch:
                count += 1
                values = checked(line)
                records.append((count, "S1", 1, "now", *values))
                body = {n: [None, v] for n, v in zip(FIELDS, values, strict=True) if v is not None}
                changes.append((count, json.dumps(body, default=str)))
                messages.append(("record.created", f'{{"form":"sheet","id":{count}}}'))
            connection.execute("BEGIN IMMEDIATE")
            codes = [line["code"] for line in batch]
            asked = ", ".join("?" * len(codes))
            taken = connection.execute(f"SELECT code FROM sheet WHERE code IN ({asked})", codes)
            assert not taken.fetchall()
            connection.executemany(f"INSERT INTO sheet VALUES ({marks})", records)
            connection.executemany("INSERT INTO change (object, body) VALUES (?, ?)", changes)
            connection.executemany("INSERT INTO outbox (topic, body) VALUES (?, ?)", messages)
            connection.execute("COMMIT")
    return int(count - first)


def checked(line: dict[str, str]) -> list[Any]:
    """The cells of a row as they are stored. Raises ValueError."""
    values: list[Any] = []
    for name in TEXTS:
        if len(line[name]) > 200:
            raise ValueError(name)
        values.append(line[name])
    for name in MONEY:
        amount = Decimal(line[name])
        if amount < 0 or amount != round(amount, 2):
            raise ValueError(name)
        values.append(int(amount * 100))
    values += [date.fromisoformat(line[name]).isoformat() for name in DATES]
    for name in CHOICES:
        if line[name] not in ("a", "b", "c"):
            raise ValueError(name)
        values.append(line[name])
    rate = Decimal(line["rate"])
    if rate > 1:
        raise ValueError("rate")
    year, month = line["month"].split("-")
    values += [int(rate * 1_000_000), int(year) * 12 + int(month)]
    values += [int(line["urgent"] == "true"), int(line["count"])]
    values.append(int(Decimal(line["size"]) * 10_000))
    return values


def floor_export(connection: sqlite3.Connection, target: Path) -> int:
    columns = ", ".join(FIELDS)
    found = connection.execute(f"SELECT {columns} FROM sheet WHERE org = 'S1' ORDER BY code")
    money = range(len(TEXTS), len(TEXTS) + len(MONEY))
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for record in found:
            cells = list(record)
            for at in money:
                cells[at] = str(Decimal(cells[at]).scaleb(-2))
            for at, cell in enumerate(cells[: len(TEXTS)]):
                if cell[:1] in "=+-@":
                    cells[at] = "'" + cell
            month = cells[-4]
            cells[-5] = str(Decimal(cells[-5]).scaleb(-6))
            cells[-4] = f"{(month - 1) // 12}-{(month - 1) % 12 + 1:02d}"
            cells[-3] = "Yes" if cells[-3] else "No"
            cells[-1] = str(Decimal(cells[-1]).scaleb(-4))
            writer.writerow(cells)
    return ROWS


# --- measuring -----------------------------------------------------------------------------------


def cpu(do: Callable[[], int]) -> float:
    """Seconds of CPU."""
    began = time.process_time()
    do()
    return time.process_time() - began


def figures() -> Iterator[tuple[str, float, float | None]]:
    """(what, seconds of CPU for all rows, the same by hand). Both take turns, so that what else the
    machine does meets both alike."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        platform, actor = prepare(root / "application")
        floor = open_floor(root / "floor.db")
        ours = by_hand = 0.0
        for turn in range(TURNS):
            sheet = root / f"sheet{turn}.csv"
            write_csv(sheet, turn * ROWS // TURNS, ROWS // TURNS)
            ours += cpu(partial(our_import, platform, actor, sheet))
            by_hand += cpu(partial(floor_import, floor, sheet))
        yield "import csv", ours, by_hand
        ours = by_hand = 0.0
        for _ in range(TURNS):
            ours += cpu(partial(our_export, platform, actor, "csv", root / "out.csv")) / TURNS
            by_hand += cpu(partial(floor_export, floor, root / "floor.csv")) / TURNS
        yield "export csv", ours, by_hand
        book = root / "out.xlsx"
        yield "export xlsx", cpu(partial(our_export, platform, actor, "xlsx", book)), None
        yield "read xlsx", cpu(lambda: sum(1 for _ in SheetFile(book, book.name))), None
        platform.database.close()
        floor.close()


def server_seconds(url: str) -> float:
    """CPU seconds of the processes that serve a database of PostgreSQL on this machine; 0 where
    there are none."""
    if not url:
        return 0.0
    import psycopg

    with psycopg.connect(ADMIN, autocommit=True) as admin:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = %s"
        found = admin.execute(query, (url.rpartition("/")[2],)).fetchall()
    ticks = 0
    for (pid,) in found:
        said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(said[11]) + int(said[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def by_the_clock(url: str) -> Iterator[tuple[str, float, float]]:
    """(what, seconds, CPU seconds of this process and of the server) for all rows."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        platform, actor = prepare(root / "application", url)
        first, sheet = root / "first.csv", root / "sheet.csv"
        write_csv(first, 0, BATCH)
        our_import(platform, actor, first)  # what is made once is made
        write_csv(sheet, BATCH, ROWS)
        for name, do in (
            ("import csv", partial(our_import, platform, actor, sheet)),
            ("export csv", partial(our_export, platform, actor, "csv", root / "out.csv")),
            ("export xlsx", partial(our_export, platform, actor, "xlsx", root / "out.xlsx")),
        ):
            server, used, began = server_seconds(url), time.process_time(), time.perf_counter()
            do()
            seconds = time.perf_counter() - began
            yield name, seconds, time.process_time() - used + server_seconds(url) - server
        platform.database.close()


def clock(results: dict[str, Any]) -> None:
    for name, seconds, used in by_the_clock(""):
        keep(results, f"sheets: {name}, sqlite, clock", ROWS / seconds, None, "rows/s", ROWS)
        keep(results, f"sheets: {name}, sqlite, cpu", ROWS / used, None, "rows/s cpu", ROWS)
    with postgres() as url:
        for name, seconds, used in by_the_clock(url):
            keep(
                results, f"sheets: {name}, postgresql, clock", ROWS / seconds, None, "rows/s", ROWS
            )
            keep(results, f"sheets: {name}, postgresql, cpu", ROWS / used, None, "rows/s cpu", ROWS)


def main() -> None:
    results = read()
    if "clock" in sys.argv[1:]:
        clock(results)
        write(results)
        return
    for name, ours, floor in figures():
        beside = None if floor is None else ROWS / floor
        keep(results, f"sheets: {name}", ROWS / ours, beside, "rows/s cpu", ROWS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    keep(results, "sheets: memory", peak, None, "MB", ROWS)
    write(results)


if __name__ == "__main__":
    main()
