"""A Flask app from settings, and the literal tables of who listens to what."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from jingwei.api.again import Application
from jingwei.api.errors import register_errors
from jingwei.api.health import measure
from jingwei.api.security import secure
from jingwei.api.zipped import zip_answers
from jingwei.catalogue.compile import compile_texts
from jingwei.jobs.embedded import EmbeddedJobs
from jingwei.jobs.imports import run_import, undo_import
from jingwei.jobs.notices import send_notice
from jingwei.jobs.reports import TOPIC as MAKE_REPORT
from jingwei.jobs.reports import make_report
from jingwei.jobs.runtime import Inside, Outside, Runtime, Sweep
from jingwei.jobs.webhooks import announce_release, send_webhook
from jingwei.services import measure_functions, receipts, score_sheets, versions
from jingwei.services.beyond import Beyond
from jingwei.services.clock import SystemClock
from jingwei.services.commands import Commands
from jingwei.services.effects.moving import CALL
from jingwei.services.events import Listener, Listeners
from jingwei.services.flows import view as flow_view
from jingwei.services.import_jobs import TOPIC as RUN_IMPORT
from jingwei.services.import_jobs import UNDO as UNDO_IMPORT
from jingwei.services.notices import SEND
from jingwei.services.people import People
from jingwei.services.platform import Platform
from jingwei.services.rights import Rights
from jingwei.settings import Settings
from jingwei.storage.database import Database
from jingwei.storage.publication import PUBLISHED
from jingwei.storage.runtime import ActiveInstallation, Compile
from jingwei.storage.sealing import Keyring
from jingwei.storage.upgrade import upgrade
from jingwei.web import EXTENSION

JOBS = "jingwei.jobs"

# Blueprints, in the order their addresses are matched.
BLUEPRINTS: Sequence[str] = (
    "jingwei.api.health",
    "jingwei.api.session",
    "jingwei.api.forms",
    "jingwei.api.exchange",
    "jingwei.api.records",
    "jingwei.api.around",
    "jingwei.api.lists",
    "jingwei.api.files",
    "jingwei.api.organisation",
    "jingwei.api.openapi",
    "jingwei.api.notices",
    "jingwei.api.audit",
    "jingwei.api.tasks",
    "jingwei.api.personal",
    "jingwei.api.unsaved",
    "jingwei.api.flows",
    "jingwei.api.indicators",
    "jingwei.api.dashboards",
    "jingwei.api.scores",
    "jingwei.api.reports",
    "jingwei.api.alerts",
    "jingwei.api.collect",
    "jingwei.api.definitions",
    "jingwei.api.publishing",
    "jingwei.screens",
)

# Inside the transaction; each may refuse: `module:function`.
CHANGED: Sequence[str] = (
    "jingwei.services.flows.listeners:on_changed",
    "jingwei.services.facts:on_changed",
    "jingwei.services.effects.listeners:on_changed",
    "jingwei.services.receipts:on_changed",
    "jingwei.services.followers:on_changed",
    "jingwei.services.collections:on_changed",
    "jingwei.services.alerts:on_changed",
)

# What a floor below asks of one above, by name: `module:function`.
EXTRA: Mapping[str, str] = {"effects": "jingwei.services.effects:run"}

# After the commit, each with its message's `done` in one transaction.
AFTER: Mapping[str, Sequence[str]] = {
    "alert.check": ("jingwei.services.alerts:on_check",),
    "fact.changed": (
        "jingwei.services.cube_blocks:on_fact_changed",
        "jingwei.services.alerts:on_facts",
    ),
    "cube.recompute": ("jingwei.services.cube_blocks:on_recompute",),
    "schedule.run": ("jingwei.services.effects.scheduled:on_run",),
    "collect.tick": ("jingwei.services.collections:on_tick",),
    "person.leaves": ("jingwei.services.flows.listeners:on_leave",),
    "receipts.urge": ("jingwei.services.receipts:on_urge",),
    "states.tick": ("jingwei.services.effects.listeners:on_tick",),
}

# Out of the house, at least once.
OUTSIDE: Mapping[str, Outside] = {
    SEND: send_notice,
    CALL: send_webhook,
    MAKE_REPORT: make_report,
    RUN_IMPORT: run_import,
    UNDO_IMPORT: undo_import,
    PUBLISHED: announce_release,
}

# Once a second, by the process that leads.
SWEEPS: Sequence[str] = (
    "jingwei.services.flows.timers:fire_due",
    "jingwei.services.flows.proxies:move_due",
)

# Who opens a record to a person beside the grants: `module:function`.
OPENERS: Sequence[str] = ("jingwei.services.flows:opens",)

# Which fields of a record that is opened so stay closed: `module:function`.
CLOSERS: Sequence[str] = ("jingwei.services.flows:closes",)

# Which fields of it are to be filled in now: `module:function`.
GIVERS: Sequence[str] = ("jingwei.services.flows:gives",)

# What expressions ask of the floors above records.
BEYOND = Beyond(
    answers=measure_functions.ANSWERS,
    spaces={
        "receipts": receipts.counts_space,
        "version": versions.newest_space,
        "previous_version": versions.previous_space,
    },
    describers={"flow": flow_view.describe, "mine": flow_view.mine},
    scorer=score_sheets.rows_of,
    sees_figures=score_sheets.may_read,
)


def build_platform(settings: Settings, compile: Compile = compile_texts) -> Platform:
    """The platform over this database, its engine tables brought up to date when embedded.

    `compile`: release texts to catalogue; who has the catalogue already says so here.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys = Keyring(settings.load_field_keys)
    database = Database(settings.database_url, durable=settings.is_production, keys=keys)
    if settings.embedded:
        upgrade(database)
    clock = SystemClock(settings.timezone, settings.clock_file)
    rights, people = Rights(*map(_there, (OPENERS, CLOSERS, GIVERS))), People()
    active = ActiveInstallation(database, compile, settings.timezone)
    listeners = Listeners(changed=changed_listeners(), extra=extra_listeners())
    commands = Commands(active, clock, listeners, rights, people, BEYOND)
    return Platform(settings, database, active, clock, rights, commands)


def build_jobs(platform: Platform) -> Runtime:
    """What workers and schedulers run with."""
    inside = {topic: tuple(_there(names)) for topic, names in AFTER.items()}
    sweeps: tuple[Sweep, ...] = tuple(_there(SWEEPS))
    heard: Mapping[str, Sequence[Inside]] = {t: found for t, found in inside.items() if found}
    return Runtime(platform, heard, OUTSIDE, sweeps)


def changed_listeners() -> tuple[Listener, ...]:
    return tuple(_there(CHANGED))


def extra_listeners() -> dict[str, Any]:
    return {name: function for name, where in EXTRA.items() for function in _there([where])}


def create_app(settings: Settings) -> Flask:
    """The application over its settings; no thread is started: see `start_background`."""
    app = Application("jingwei", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    settings = settings.with_secret()
    app.secret_key = settings.secret_key
    platform = build_platform(settings)
    app.extensions[EXTENSION] = platform
    app.extensions[JOBS] = build_jobs(platform)
    if settings.proxies:
        # what they say of whoever asks: where from, by which scheme, of which host
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops)  # type: ignore[method-assign]
    secure(app)
    measure(app, platform)
    register_errors(app)
    zip_answers(app)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)
    return app


def start_background(app: Flask, server: str | None = None) -> EmbeddedJobs | None:
    """Follow releases, and run the jobs here when no Redis is set. `server`: see EmbeddedJobs."""
    platform: Platform = app.extensions[EXTENSION]
    platform.active.start()
    if platform.settings.redis_url is not None or not platform.settings.worker:
        return None
    jobs = EmbeddedJobs(app.extensions[JOBS], server)
    jobs.start()
    return jobs


def _there(names: Sequence[str]) -> list[Any]:
    """What these names say; one that says nothing stops the start: a listener that is not there
    would be missed by nobody until its work was."""
    found = []
    for name in names:
        module, _, attribute = name.partition(":")
        found.append(getattr(importlib.import_module(module), attribute))
    return found


def _blueprints() -> list[Any]:
    return _there([f"{module}:blueprint" for module in BLUEPRINTS])
