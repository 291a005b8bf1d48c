"""A field that becomes a secret, stops being one, and keys that are changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from services_house import FIELD_KEYS, FILES, House, open_house
from test_rolling_back import back, changed

from jingwei.catalogue.compile import compile_texts
from jingwei.cli.secrets import ready_for_secrets
from jingwei.refusals import Conflict, Refused
from jingwei.services.clock import SystemClock
from jingwei.services.history import history
from jingwei.services.platform import Platform
from jingwei.services.versions import body_of
from jingwei.settings import Settings
from jingwei.storage.plan import plan_on
from jingwei.storage.renewing import columns_of_secrets, kept_under, renew
from jingwei.storage.sealing import SEALED_FILE, UNSEALED, Keyring, UnknownKey, mark_of

CONTRACT = "forms/contract.yaml"
SECRET = changed(
    ("  secret: {type: text,", "  secret: {type: secret,"),
    ("      price:", "      pin: {type: secret, title: 口令}\n      price:"),
)
NEW = "n" * 40


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    found = open_house(tmp_path / "application", database_url)
    yield found
    found.database.close()


def columns(house: House) -> list[tuple[str, str]]:
    running = house.commands.active.current
    with house.database.reading() as connection:
        return columns_of_secrets(connection, running.catalogue, running.names)


def values(house: House, column: str) -> list[Any]:
    with house.database.reading() as connection:
        rows = connection.exec_driver_sql(f'SELECT "{column}" FROM f_contract ORDER BY id')
        return [row[0] for row in rows]


def kept(house: House, id_: int) -> dict[str, Any]:
    with house.read("li.na") as view:
        found: dict[str, Any] = view.store.load(view.connection, "contract", [id_])[id_]
    return found


def plans(house: House, files: dict[str, str]) -> list[tuple[str, str]]:
    """What publishing these would do, without doing it."""
    running = house.commands.active.current.catalogue.files
    wanted = {**running, **{path: text.encode() for path, text in files.items()}}
    with house.database.reading() as connection:
        steps = plan_on(connection, compile_texts(wanted)).steps
    return [(step.group, step.message("en")) for step in steps if step.code != "new_column"]


def test_what_was_text_is_sealed_when_it_becomes_a_secret_and_comes_back_nowhere(
    house: House,
) -> None:
    first = house.create("li.na", "contract", name="a", amount=1, secret="old words")["id"]
    house.create("li.na", "contract", name="b", amount=1)
    assert (
        "destructive",
        "contract.secret is a secret from now on: 1 value is sealed, and what was written before "
        "stands nowhere but in the history; no rollback brings it back",
    ) in plans(house, SECRET)
    house.publish(SECRET)
    assert values(house, "secret") == [None, None]
    sealed, nothing = values(house, "secret__2")
    assert house.database.keys._opened(sealed) == b"old words"
    assert nothing is None
    with house.read("li.na") as view:  # told as what it is now, whatever it was then
        assert history(view, "contract", first)[0]["changes"]["secret@1"] == [None, "•••"]

    house.update("li.na", "contract", first, 1, secret="new words")
    with pytest.raises(Conflict) as refused:
        house.publish({CONTRACT: FILES[CONTRACT]})
    assert refused.value.code == "plan-blocked"
    assert refused.value.detail["steps"][0]["code"] == "not_converted_at_all"
    house.publish(SECRET)
    back(house, 1)
    assert house.show("li.na", "contract", first)["secret"] is None


def test_keys_are_changed_without_anybody_typing_a_secret_again(house: House) -> None:
    house.publish(SECRET)
    lines = [{"item": "x", "price": 1, "pin": "p1"}]
    one = house.create("li.na", "contract", name="a", amount=1, secret="s1", lines=lines)
    where = columns(house)
    assert [column for _, column in where] == ["secret__2", "pin"]
    with house.database.writing() as connection:  # as an engine before this one kept it
        connection.exec_driver_sql(
            "INSERT INTO f_contract (id, revision, secret__2) VALUES (7, 1, 'plain')"
        )
    with house.read("li.na") as view:  # and until it is sealed, versions say nothing of it
        raw = {**kept(house, one["id"]), "secret": "plain"}
        assert body_of(view, "contract", raw)["secret"] == UNSEALED
    house.database.keys = Keyring(lambda: (NEW, *FIELD_KEYS))
    with house.database.reading() as connection:
        assert kept_under(connection, where)[""] == 1
    assert renew(house.database, where).sealed == 3
    assert renew(house.database, where).sealed == 0
    after = kept(house, one["id"])
    assert after["revision"] == one["revision"]
    assert mark_of(after["secret"]) == mark_of(one["secret"])
    house.database.keys = keys = Keyring(lambda: (NEW,))
    assert keys._opened(after["secret"]) == b"s1"
    assert keys._opened(after["lines"][0]["pin"]) == b"p1"
    assert keys._opened(values(house, "secret__2")[0]) == b"plain"
    for odd in ("sealed.1.mine", "sealed.1."):  # so did somebody type it
        assert keys._opened(keys.renewed(odd) or odd) == odd.encode()
    with pytest.raises(UnknownKey):  # cut short
        Keyring(lambda: (*FIELD_KEYS, NEW)).renewed(after["secret"][:-9])
    sheet = keys.seal_file(b"name,pin\n")
    assert keys.open_file(sheet) == b"name,pin\n"
    for sent in (sheet[:-1], SEALED_FILE, SEALED_FILE + b"\xff\n1"):  # by anybody
        with pytest.raises(UnknownKey):
            keys.open_file(sent)
    with house.database.reading() as connection:
        assert kept_under(connection, where) == {keys.ids()[0]: 3}

    house.database.keys = other = Keyring(lambda: FIELD_KEYS)  # the new key is lost
    assert renew(house.database, where).lost == {keys.ids()[0]: 3}
    with pytest.raises(UnknownKey):
        other._opened(after["secret"])


def test_a_start_with_secrets_needs_a_key_and_makes_one_only_embedded(
    house: House, tmp_path: Path
) -> None:
    settings = Settings(tmp_path, tmp_path / "var", str(house.database.url))
    settings.data_dir.mkdir()
    scaled = replace(settings, redis_url="redis://localhost/0")

    def start(with_: Settings) -> None:
        house.database.keys = Keyring(with_.load_field_keys)
        clock = SystemClock("UTC")
        active = house.commands.active
        ready_for_secrets(
            Platform(with_, house.database, active, clock, house.commands.rights, house.commands)
        )

    start(scaled)  # nothing is secret here
    start(settings)
    assert not settings.field_keys_file.exists()
    house.publish(SECRET)
    with pytest.raises(Refused) as refused:
        start(scaled)
    assert "JINGWEI_FIELD_KEYS" in refused.value.message("en")
    start(replace(scaled, field_keys=(NEW,)))
    with house.database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO f_contract (id, revision, secret__2) VALUES (7, 1, 'plain')"
        )
    start(settings)
    assert settings.field_keys_file.stat().st_mode & 0o777 == 0o600
    assert values(house, "secret__2")[0].startswith(house.database.keys.front())
    was = settings.load_field_keys()
    settings.add_field_key()
    assert settings.load_field_keys()[1:] == was
    assert settings.field_keys_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refused):
        replace(settings, field_keys=(NEW,)).add_field_key()
    for wrong in ("short", f"{NEW} short"):
        with pytest.raises(Refused):
            Settings.read(house.root, {"JINGWEI_FIELD_KEYS": wrong})
