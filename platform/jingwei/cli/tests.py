"""`test`: the definition tests, each case in a fresh database with a clock that stands still."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from jingwei.app import build_jobs, build_platform
from jingwei.authoring.outline import outline
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli import FINE, FOUND_PROBLEMS, Context, words_of
from jingwei.cli.commands import command
from jingwei.cli.demo import FOLDER, read_sheets
from jingwei.cli.problems import inside, is_in
from jingwei.jobs.messages import run as run_message
from jingwei.jobs.runtime import Runtime
from jingwei.jobs.scheduler import Scheduler
from jingwei.language.trial import Trial, TrialCase
from jingwei.services.clock import SystemClock
from jingwei.services.people import SYSTEM
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords
from jingwei.services.trials import Failure, Stage, play
from jingwei.settings import Settings
from jingwei.storage import apply as publishing
from jingwei.storage import outbox
from jingwei.storage.database import Database
from jingwei.storage.upgrade import upgrade

MOST_ROUNDS = 20  # of messages that set others going
SECRET = "-" * 40  # nobody signs in here

words = words_of("cli_definitions")


@dataclass(frozen=True, slots=True)
class Played:
    """One case and what did not come out as claimed."""

    trial: Trial
    case: TrialCase
    failures: list[Failure]

    @property
    def name(self) -> str:
        return f"{self.trial.name}.{self.case.name}"


@command(help=words("test_help"))
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def test(context: Context, paths: tuple[Path, ...]) -> int:
    root = context.root_of(paths)
    catalogue = compile_catalogue(root)
    wanted = inside(root, paths)
    trials = [
        trial
        for trial in outline(root).checked.of("test").values()
        if is_in(trial.origin.file, wanted)
    ]
    settings = Settings.read(root)
    with TemporaryDirectory(prefix="jingwei-test-") as folder:
        theatre = _Theatre(settings, catalogue, Path(folder))
        played = [Played(t, c, theatre.play(t, c)) for t in trials for c in t.cases.values()]
    failed = [one for one in played if one.failures]
    context.give(
        {
            "passed": len(played) - len(failed),
            "failed": len(failed),
            "cases": [_case_json(context, one) for one in played],
        },
        "\n".join(_lines(context, played)),
    )
    return FOUND_PROBLEMS if failed else FINE


def _case_json(context: Context, one: Played) -> dict[str, Any]:
    return {
        "test": one.trial.name,
        "case": one.case.name,
        "passed": not one.failures,
        "file": one.case.at.file,
        "line": one.case.at.line,
        "failures": [
            {"code": f.code, "line": f.at.line, "message": f.message(context.locale)}
            for f in one.failures
        ],
    }


def _lines(context: Context, played: list[Played]) -> Iterator[str]:
    def say(key: str, **holes: object) -> str:
        return context.text(f"cli_definitions.test_{key}", **holes)

    if not played:
        yield say("none")
        return
    for one in played:
        if not one.failures:
            yield say("passed", name=one.name)
            continue
        yield say("failed", name=one.name, at=one.case.at)
        for failure in one.failures:
            yield f"        {failure.message(context.locale)}"
    failed = sum(1 for one in played if one.failures)
    yield say("counted", passed=len(played) - failed, failed=failed)


class _Theatre:
    """Publishes the definitions once for each moment that tests begin at, and gives every case a
    copy of that database."""

    def __init__(self, settings: Settings, catalogue: Catalogue, folder: Path) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.folder = folder
        self.sets: dict[datetime, Path] = {}
        self.count = 0

    def play(self, trial: Trial, case: TrialCase) -> list[Failure]:
        clock = SystemClock(self.settings.timezone)
        start = clock.now()
        if trial.now is not None:
            zoned = trial.now if trial.now.tzinfo else trial.now.replace(tzinfo=clock.zone)
            start = zoned.astimezone(UTC)
        elif self.sets:
            start = next(iter(self.sets))  # tests without a moment of their own share one
        with self.stage(start) as stage:
            return play(stage, trial, case)

    @contextmanager
    def stage(self, start: datetime) -> Iterator[Stage]:
        if start not in self.sets:
            self.sets[start] = self.publish(start)
        self.count += 1
        folder = self.folder / f"case{self.count}"
        folder.mkdir()
        database = folder / "case.db"
        shutil.copyfile(self.sets[start], database)
        clock_file = folder / "clock"

        def move_clock(at: datetime) -> None:
            clock_file.write_text(at.astimezone(UTC).isoformat(), encoding="utf-8")

        move_clock(start)
        settings = self._settings(folder, database, clock_file)
        platform = build_platform(settings, lambda files: self.catalogue)
        runtime = build_jobs(platform)
        scheduler = Scheduler(runtime, "test")
        try:
            yield Stage(platform, move_clock, lambda: _settle(runtime, scheduler))
        finally:
            platform.database.close()
            shutil.rmtree(folder)

    def publish(self, start: datetime) -> Path:
        """A database with these definitions and the people the application brings along."""
        path = self.folder / f"set{len(self.sets)}.db"
        database = Database(f"sqlite:///{path}", durable=False)
        upgrade(database)
        today = start.astimezone(SystemClock(self.settings.timezone).zone).date()
        publishing.apply(
            database, self.catalogue, publishing.Publication(author="test", now=start, today=today)
        )
        database.close()
        people = read_sheets(self.settings.application / FOLDER).people
        if people:
            clock_file = self.folder / "clock"
            clock_file.write_text(start.isoformat(), encoding="utf-8")
            settings = self._settings(self.folder, path, clock_file)
            platform = build_platform(settings, lambda files: self.catalogue)
            cheap = Passwords(cheap=True)
            platform.commands.run(lambda work: import_people(work, people, cheap), SYSTEM)
            platform.database.close()
        return path

    def _settings(self, folder: Path, database: Path, clock_file: Path) -> Settings:
        return replace(
            self.settings,
            data_dir=folder,
            database_url=f"sqlite:///{database}",
            redis_url=None,
            smtp_url=None,
            notify_urls=(),
            webhooks={},
            env="demo",
            secret_key=SECRET,
            field_keys=(SECRET,),
            clock_file=clock_file,
        )


def _settle(runtime: Runtime, scheduler: Scheduler) -> None:
    """Everything that a worker and a tick would do now, until nothing is left to do."""
    platform = runtime.platform
    for _ in range(MOST_ROUNDS):
        scheduler.match()
        scheduler.fire()
        for sweep in runtime.sweeps:
            sweep(platform)
        now = platform.clock.now()
        with platform.database.writing() as connection:
            leased = outbox.lease(connection, now)
        if not leased:
            return
        for id_, fence, topic in leased:
            with platform.database.reading() as connection:
                message = outbox.held(connection, id_, fence)
            if message is not None and topic in runtime.inside:
                run_message(runtime, message)
            elif message is not None:
                # nothing leaves the house in a test
                with platform.database.writing() as connection:
                    outbox.finish_all(connection, [id_], now)
