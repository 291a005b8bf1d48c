"""`serve`, `worker`, `scheduler`, `doctor`: the processes of an installation."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import click
import structlog
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # has no types

from jingwei.app import build_jobs, build_platform, create_app, start_background
from jingwei.cli import Context, words
from jingwei.cli.commands import command, option
from jingwei.cli.late_words import read_words
from jingwei.cli.long_addresses import LONGEST_LINE, Worker, allow_long_lines
from jingwei.cli.secrets import ready_for_secrets, secret_columns
from jingwei.garbage import collecting_later
from jingwei.jobs.dispatcher import dispatch
from jingwei.jobs.queue import connect, job_queue
from jingwei.jobs.queue import worker as job_worker
from jingwei.jobs.scheduler import Scheduler
from jingwei.refusals import Conflict, Refused
from jingwei.services.platform import Platform
from jingwei.settings import Settings
from jingwei.storage.outbox import waiting
from jingwei.storage.patience import answers, patiently
from jingwei.storage.renewing import kept_under
from jingwei.storage.servers import leave_server, server_name, take_server
from jingwei.texts import text
from jingwei.web import EXTENSION

THREADS = 8
GARBAGE = (5_000, 20, 20)  # objects, and rounds, before the collector looks
WAIT_FOR_SERVER_SECONDS = 12  # longer than the lease of a server that was killed elsewhere
ROUND_SECONDS = 0.3
LOW_DISK_BYTES = 1_000_000_000
FONT_MODULE = "manimgx_fonts_cjk"


@command(help=words("serve_help"))
@option("--host", default="127.0.0.1", show_default=True)
@option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
@option("--no-worker", is_flag=True)
@click.pass_obj
def serve(context: Context, host: str, port: int, workers: int, no_worker: bool) -> None:
    settings = context.settings
    if no_worker:
        settings = replace(settings, worker=False)
    run_server(context, settings, host, port, workers)


def run_server(context: Context, settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until stopped. Raises Refused when this installation must not have another server."""
    if workers > 1 and settings.embedded:
        raise Refused("setting-workers")
    plain_logs()
    settings = settings.with_secret()
    server = server_name()
    if settings.embedded and settings.worker:
        become_server(settings, server)
    ready = build_platform(settings)
    try:
        ready_for_secrets(ready)
        if settings.embedded:
            read_words(ready.active)
    finally:
        ready.database.close()
    context.say(context.text("cli.serving", address=f"http://{host}:{port}"))
    if not settings.embedded:
        context.say(context.text("cli.workers_apart"))
    Server(settings, server, f"{host}:{port}", workers).run()


def plain_logs() -> None:
    """One JSON object a line; a traceback without the values of its variables.

    The library's own way shows every local of every frame: passwords, and seconds of work.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )


def become_server(settings: Settings, server: str) -> None:
    """Take the lease before any port is opened, so that a second server says why it stops."""
    platform = build_platform(settings)
    deadline = time.monotonic() + WAIT_FOR_SERVER_SECONDS
    try:
        while True:
            with platform.database.writing() as connection:
                other = take_server(connection, server)
            if other is None:
                return
            if time.monotonic() > deadline:
                raise Conflict("server-runs-already", holder=other)
            time.sleep(ROUND_SECONDS)
    finally:
        platform.database.close()


def keep_for_good(_: object) -> None:
    """What a release is read into stays: the collector need not walk through it again and again,
    which holds up whoever asks meanwhile. What the one before left goes now."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn with threads; the jobs start after the fork, in the worker."""

    def __init__(self, settings: Settings, server: str, bind: str, workers: int) -> None:
        self.settings = settings
        self.server = server
        self.bind = bind
        self.workers = workers
        super().__init__()

    def load_config(self) -> None:
        allow_long_lines()
        options: dict[str, Any] = {
            "bind": self.bind,
            "workers": self.workers,
            "worker_class": Worker,
            "limit_request_line": LONGEST_LINE,
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": 10,
            "keepalive": 30,
            "loglevel": "warning",
            "proc_name": "jingwei",
            "post_worker_init": self._started,
            "worker_exit": self._ended,
            "on_exit": self._left,
        }
        known = self.cfg.settings
        for name, value in (options | {"control_socket_disable": True}).items():
            if name in known:
                self.cfg.set(name, value)

    def load(self) -> Any:
        with collecting_later():
            return create_app(self.settings)

    def _started(self, gunicorn_worker: Any) -> None:
        platform: Platform = gunicorn_worker.wsgi.extensions[EXTENSION]
        platform.active.on_swap(keep_for_good)
        gc.set_threshold(*GARBAGE)
        gunicorn_worker.jobs = start_background(gunicorn_worker.wsgi, self.server)

    def _ended(self, _arbiter: Any, gunicorn_worker: Any) -> None:
        jobs = getattr(gunicorn_worker, "jobs", None)
        if jobs is not None:
            jobs.stop()

    def _left(self, _arbiter: Any) -> None:
        if not self.settings.embedded:
            return
        platform = build_platform(self.settings)
        with platform.database.writing() as connection:
            leave_server(connection, self.server)


@command(help=words("worker_help"))
@option("--burst", is_flag=True)
@click.pass_obj
def worker(context: Context, burst: bool) -> None:
    plain_logs()
    platform = _platform_with_redis(context.settings)
    queue = job_queue(platform.settings, connect(platform.settings))
    platform.active.start()
    context.say(context.text("cli.working", queue=queue.name))
    job_worker(build_jobs(platform), queue).work(burst=burst, logging_level="WARNING")


@command(help=words("scheduler_help"))
@option("--rounds", type=int, default=None, hidden=True)
@click.pass_obj
def scheduler(context: Context, rounds: int | None) -> None:
    plain_logs()
    platform = _platform_with_redis(context.settings)
    queue = job_queue(platform.settings, connect(platform.settings))
    platform.active.start()
    runtime = build_jobs(platform)
    ticking = Scheduler(runtime, server_name())
    context.say(context.text("cli.scheduling", queue=queue.name))
    done, next_tick = 0, 0.0
    while rounds is None or done < rounds:
        if time.monotonic() >= next_tick:
            patiently(ticking.tick)
            next_tick = time.monotonic() + 1.0
        if not patiently(lambda: dispatch(runtime, queue)):
            time.sleep(ROUND_SECONDS)
        done += 1


def _platform_with_redis(settings: Settings) -> Platform:
    if settings.embedded:
        raise Refused("redis-needed")
    platform = build_platform(settings.with_secret())
    ready_for_secrets(platform)
    return platform


# --- doctor -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` is empty when it is well."""

    what: str
    good: bool
    advice: str = ""


@command(help=words("doctor_help"))
@click.pass_obj
def doctor(context: Context) -> int:
    settings = context.settings
    findings = list(_findings(settings, context.locale))
    shown = settings.shown()
    context.give(
        {
            "settings": {name: {"value": v, "source": s} for name, (v, s) in shown.items()},
            "findings": [{"what": f.what, "good": f.good, "advice": f.advice} for f in findings],
        },
        _report(context, shown, findings),
    )
    return 0 if all(f.good for f in findings) else 1


def _report(context: Context, shown: dict[str, tuple[str, str]], findings: list[Finding]) -> str:
    width = max(map(len, shown)) + len("JINGWEI_")
    lines = [
        f"{'JINGWEI_' + name:<{width}}  {value or '–'}  ({context.text(f'cli.source_{source}')})"
        for name, (value, source) in shown.items()
    ]
    lines.append("")
    for finding in findings:
        lines.append(f"{'✓' if finding.good else '✗'} {finding.what}")
        if finding.advice:
            lines.append(f"  {finding.advice}")
    return "\n".join(lines)


def _findings(settings: Settings, locale: str) -> Iterator[Finding]:
    yield from _database_findings(settings, locale)
    yield _queue_finding(settings, locale)
    yield _disk_finding(settings, locale)
    yield _font_finding(locale)
    if settings.clock_file is not None:
        what = text("cli.doctor_clock", locale)
        yield Finding(what, False, text("cli.doctor_clock_advice", locale))


def _database_findings(settings: Settings, locale: str) -> Iterator[Finding]:
    def ask() -> tuple[bool, int | None, tuple[int, Any, int]]:
        platform = build_platform(settings)
        now = platform.clock.now()
        with platform.database.reading() as connection:
            good = answers(connection)
            queue = waiting(connection, now)
        try:
            release = platform.active.current.release.id
        except LookupError:
            release = None
        return good, release, queue

    found = patiently(ask)
    what = text("cli.doctor_database", locale)
    if found is None:
        yield Finding(what, False, text("cli.doctor_database_advice", locale))
        return
    yield Finding(what, True)
    _, release, (ready, _, dead) = found
    what = text("cli.doctor_release", locale, release=release or "–")
    advice = "" if release else text("refusals.nothing-published", locale)
    yield Finding(what, release is not None, advice)
    yield from _secret_findings(settings, locale)
    what = text("cli.doctor_outbox", locale, ready=ready, dead=dead)
    yield Finding(what, dead == 0, "" if dead == 0 else text("cli.doctor_dead_advice", locale))


def _secret_findings(settings: Settings, locale: str) -> Iterator[Finding]:
    """Whether every secret that is kept can be opened, and lies under the newest key."""
    platform = build_platform(settings)
    try:
        columns = secret_columns(platform.active)
        with platform.database.reading() as connection:
            kept = kept_under(connection, columns)
        ids = platform.database.keys.ids() if columns else []
    finally:
        platform.database.close()
    if not columns:
        return
    lost = sum(count for key, count in kept.items() if key and key not in ids)
    older = sum(kept.values()) - lost - (kept[ids[0]] if ids else 0)
    advice = ""
    if not ids:
        advice = text("refusals.setting-field-keys-needed", locale)
    elif lost:
        advice = text("cli.doctor_secrets_lost", locale, count=lost)
    elif older:
        advice = text("cli.doctor_secrets_older", locale, count=older)
    what = text("cli.doctor_secrets", locale, count=sum(kept.values()))
    yield Finding(what, not advice, advice)


def _queue_finding(settings: Settings, locale: str) -> Finding:
    if settings.embedded:
        return Finding(text("cli.doctor_embedded", locale), True)
    try:
        connect(settings).ping()
    except OSError as error:
        return Finding(text("cli.doctor_redis", locale), False, str(error))
    return Finding(text("cli.doctor_redis", locale), True)


def _disk_finding(settings: Settings, locale: str) -> Finding:
    folder = settings.data_dir if settings.data_dir.exists() else settings.application
    free = shutil.disk_usage(folder).free
    what = text("cli.doctor_disk", locale, free=f"{free / 1e9:.1f} GB", folder=folder)
    good = free > LOW_DISK_BYTES
    return Finding(what, good, "" if good else text("cli.doctor_disk_advice", locale))


def _font_finding(locale: str) -> Finding:
    from importlib.util import find_spec

    good = find_spec(FONT_MODULE) is not None
    advice = "" if good else text("cli.doctor_fonts_advice", locale)
    return Finding(text("cli.doctor_fonts", locale), good, advice)
