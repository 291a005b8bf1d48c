"""The application of this repository with its demo people and figures, behind its own HTTP API."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from api_house import ApiHouse

from jingwei.app import create_app
from jingwei.catalogue.compile import compile_catalogue
from jingwei.cli.demo import read_sheets
from jingwei.services import demo
from jingwei.services.people import SYSTEM
from jingwei.services.sessions import Passwords, Sessions
from jingwei.settings import Settings
from jingwei.storage.apply import Publication, apply
from jingwei.storage.database import Database
from jingwei.storage.upgrade import upgrade
from jingwei.web import SESSIONS

ROOT = Path(__file__).parents[2]
FOLDERS = ("definitions", "forms", "workflows", "report_templates")
NOW = "2025-10-13T01:00:00+00:00"


def open_demo(folder: Path) -> ApiHouse:
    """Published, with people and figures, on the morning after the September figures are due."""
    root = folder / "application"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, root / name)
    clock = folder / "clock"
    clock.write_text(NOW, encoding="utf-8")
    settings = Settings(
        application=root,
        data_dir=folder / "var",
        database_url=f"sqlite:///{folder / 'demo.db'}",
        secret_key="s" * 40,
        clock_file=clock,
        sources={"SECRET_KEY": "environment"},
    )
    database = Database(settings.database_url)
    upgrade(database)
    catalogue = compile_catalogue(root)
    now = datetime.fromisoformat(NOW).astimezone(UTC).replace(tzinfo=None)
    apply(database, catalogue, Publication(author="test", now=now, today=now.date()))
    database.close()
    app = create_app(settings)
    house = ApiHouse(app, clock, root)
    platform = house.platform
    platform.active.poll()
    sheets = read_sheets(root / "definitions" / "demo")
    cheap = Passwords(cheap=True)
    platform.commands.run(lambda work: demo.load(work, sheets, "let me in", cheap), SYSTEM)
    app.extensions[SESSIONS] = Sessions(
        platform.active, platform.clock, platform.commands.people, cheap
    )
    return house


def publish(house: ApiHouse, path: str, text: str | bytes) -> None:
    """Write one file of the application and make it run."""
    target = house.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode() if isinstance(text, str) else text)
    clock = house.platform.clock
    wanted = Publication(author="test", now=clock.now(), today=clock.today())
    release = apply(house.platform.database, compile_catalogue(house.root), wanted)
    house.platform.active.follow(release.id)
