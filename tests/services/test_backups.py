"""A backup is all an installation keeps, and fills an empty one of either kind of database."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from api_house import CONTRACT, MORE_FILES, ApiHouse, open_api
from own_postgres import own_postgres
from services_house import MORNING

from jingwei.app import create_app
from jingwei.cli import run
from jingwei.refusals import Conflict, NotFound, Refused
from jingwei.services import backups
from jingwei.storage.database import Database
from jingwei.storage.upgrade import schema_revision, upgrade

WITHOUT_NOTE = MORE_FILES["forms/receipt.yaml"].replace(
    "  note: {type: text, title: 说明}\n",
    "  memo: {type: text, title: 备忘, search: true}\n  pin: {type: secret, title: 口令}\n",
)
WITHOUT_NOTE = WITHOUT_NOTE.replace('"{note}"', '"{memo}"')
LISTED = CONTRACT.replace("columns: [note, paid]", "columns: [memo, paid]")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('source') / 'source.db'}"
        return
    with own_postgres() as found:
        yield found


@pytest.fixture(scope="module")
def house(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    """A contract, a receipt with a file, and a field that was retired with a value in it."""
    found = open_api(tmp_path_factory.mktemp("backed up"), url)
    contract = found.make("li.na", "contract", name="甲", amount="1.50", lines=[{"item": "一"}])
    found.patch("li.na", f"forms/contract/records/{contract['id']}", {"amount": 2}, match=1)
    sent = {"file": (io.BytesIO(b"paper"), "凭证.txt")}
    paper = found.post("li.na", "files", data=sent, content_type="multipart/form-data").get_json()
    found.make("li.na", "receipt", contract=contract["id"], note="旧说明", paper=paper["id"])
    _publish(found, {"forms/receipt.yaml": WITHOUT_NOTE, "forms/contract.yaml": LISTED})
    found.make("li.na", "receipt", contract=contract["id"], memo="年度经营 report", pin="CANARY")
    found.token("ops")  # who is signed in stays so
    yield found
    found.close()


def _publish(house: ApiHouse, files: dict[str, str]) -> None:
    from services_house import House

    platform = house.platform
    at = platform.clock
    House(house.root, platform.database, at, platform.commands).publish(files)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def backup(house: ApiHouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("kept") / "backup.zip"
    platform = house.platform
    backups.take(platform.database, platform.settings.data_dir, target, MORNING)
    return target


@pytest.fixture
def other_url(url: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of the other kind."""
    if not url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    with own_postgres() as found:
        yield found


@pytest.fixture
def restored(
    house: ApiHouse, backup: Path, other_url: str, tmp_path: Path
) -> Iterator[tuple[ApiHouse, Path]]:
    """The same installation out of its backup, on the other kind of database."""
    from dataclasses import replace

    settings = replace(house.platform.settings, database_url=other_url, data_dir=tmp_path / "var")
    database = Database(other_url)
    backups.bring_back(database, settings.data_dir, backup)
    database.close()
    found = ApiHouse(create_app(settings), house.clock_file, house.root)
    yield found, backup
    found.close()


def test_a_restored_installation_answers_as_the_one_that_was_backed_up(
    house: ApiHouse, restored: tuple[ApiHouse, Path], tmp_path: Path
) -> None:
    again, backup = restored
    again.tokens.update(house.tokens)
    for login, path in (
        ("li.na", "forms/contract/records"),
        ("li.na", "forms/receipt/records"),
        ("ops", "forms/receipt/records"),
        ("li.na", "forms/receipt/records?q=经营"),
        ("ops", "orgs"),
    ):
        answer = house.get(login, path)
        assert answer.status_code == 200, path
        assert again.get(login, path).get_json() == answer.get_json(), path
    (receipt,) = (
        r
        for r in again.get("li.na", "forms/receipt/records?fields=paper").get_json()["items"]
        if r["paper"]
    )
    assert again.get("li.na", f"files/{receipt['paper']}").data == b"paper"

    # a backup of the copy is the same backup
    twice = tmp_path / "again.zip"
    backups.take(again.platform.database, again.platform.settings.data_dir, twice, MORNING)
    with zipfile.ZipFile(backup) as one, zipfile.ZipFile(twice) as other:
        assert set(one.namelist()) == set(other.namelist())
        assert not [n for n in one.namelist() if b"CANARY" in one.read(n)]  # nor the key of it
        differing = [n for n in one.namelist() if one.read(n) != other.read(n)]
        assert differing == []

    # and it goes on: no id or number is given twice, what was retired can be had again
    before = {r["id"] for r in house.get("ops", "forms/contract/records").get_json()["items"]}
    fresh = again.make("li.na", "contract", name="乙", amount=1)
    assert fresh["id"] > max(before)
    again.post("li.na", f"forms/contract/records/{fresh['id']}/submit", {}, match=1)
    assert again.platform.commands is not house.platform.commands
    _publish(again, {"forms/receipt.yaml": WITHOUT_NOTE.replace("备忘", "备注")})


def test_a_backup_is_read_by_its_owner_alone(backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0


def test_nothing_is_restored_over_what_somebody_uses(
    house: ApiHouse, backup: Path, tmp_path: Path
) -> None:
    platform = house.platform
    before = house.get("li.na", "forms/contract/records").get_json()
    with pytest.raises(Conflict) as refused:
        backups.bring_back(platform.database, platform.settings.data_dir, backup)
    assert refused.value.code == "restore-not-empty"
    assert house.get("li.na", "forms/contract/records").get_json() == before
    with pytest.raises(Conflict) as refused:
        backups.take(platform.database, platform.settings.data_dir, backup, MORNING)
    assert refused.value.code == "backup-there"
    with pytest.raises(NotFound) as nowhere:
        backups.take(platform.database, tmp_path, tmp_path / "no" / "b.zip", MORNING)
    assert nowhere.value.code == "backup-no-folder"


def _changed(backup: Path, target: Path, changes: dict[str, bytes | None]) -> Path:
    """A copy of the backup in which these members say something else, or are not there."""
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = changes.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def test_what_is_no_whole_backup_is_refused_and_leaves_the_installation_empty(
    backup: Path, other_url: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(backup) as whole:
        about = orjson.loads(whole.read("backup.json"))
        (paper,) = (n for n in whole.namelist() if n.startswith("files/"))
    cut = tmp_path / "cut.zip"
    cut.write_bytes(backup.read_bytes()[:-200])
    no_backup = tmp_path / "words.zip"
    no_backup.write_text("backup")

    def damaged(**changes: bytes | None) -> Path:
        members = {n.replace("__", "/").replace("_json", ".json"): c for n, c in changes.items()}
        return _changed(backup, tmp_path / f"{len(list(tmp_path.iterdir()))}.zip", members)

    other = {k: orjson.dumps({**about, k: v}) for k, v in (("format", 9), ("revision", "9999"))}
    wrong = [
        (cut, "backup-unreadable"),
        (no_backup, "backup-unreadable"),
        (damaged(backup_json=None), "backup-unreadable"),
        (damaged(tables__f_contract_jsonl=None), "backup-unreadable"),
        (damaged(**{paper: b"forged"}), "backup-unreadable"),
        (damaged(backup_json=other["format"]), "backup-format"),
        (damaged(backup_json=other["revision"]), "schema-newer"),
    ]
    database = Database(other_url)
    try:
        for path, code in wrong:
            with pytest.raises(Refused) as refused:
                backups.bring_back(database, tmp_path / "var", path)
            assert refused.value.code == code, path
        backups.bring_back(database, tmp_path / "var", backup)  # still empty
    finally:
        database.close()


def test_the_command_line_backs_up_and_restores(
    house: ApiHouse,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("JINGWEI_DATABASE_URL", url)
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(house.platform.settings.data_dir))
    here = ["--application", str(house.root), "--lang", "en"]
    assert run([*here, "backup", str(tmp_path / "b.zip")]) == 0
    assert "1 file." in capsys.readouterr().out
    monkeypatch.setenv("JINGWEI_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(tmp_path / "var"))
    assert run([*here, "restore", str(tmp_path / "b.zip")]) == 0
    assert "running release 2" in capsys.readouterr().out
    assert run([*here, "restore", str(tmp_path / "b.zip")]) == 1
    assert "[restore-not-empty]" in capsys.readouterr().err
    assert run([*here, "audit", "verify"]) == 0


def test_an_embedded_database_is_copied_before_it_is_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "jingwei.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE sys_preparation")
        connection.exec_driver_sql("UPDATE sys_schema SET version_num = '0007'")
    assert upgrade(database)
    database.close()
    (copy,) = tmp_path.glob("jingwei.db.before-*")
    with sqlite3.connect(copy) as kept:
        assert kept.execute("SELECT version_num FROM sys_schema").fetchone() == ("0007",)
    kept.close()
    database = Database(f"sqlite:///{path}")
    with database.reading() as connection:
        assert f"jingwei.db.before-{schema_revision(connection)}" == copy.name
    database.close()
