"""`demo`: who has a password of his own in the sheet keeps it."""

from __future__ import annotations

from shell import Shell

from jingwei.app import build_platform
from jingwei.services.sessions import Sessions, SignInRefused
from jingwei.settings import Settings

PEOPLE = "definitions/demo/people.csv"


def test_a_password_of_the_sheet_is_that_persons_and_nobody_elses(office: Shell) -> None:
    line = "east.staff,张三,EAST,staff@EAST,,,,yes,,,"
    office.change(PEOPLE, line, f"{line}open sesame")
    shared = office.json("demo")["password"]
    platform = build_platform(Settings.read(office.root))
    sessions = Sessions(platform.active, platform.clock, platform.commands.people)

    def signs_in(login: str, password: str) -> bool:
        try:
            return bool(sessions.sign_in(login, password).secret)
        except SignInRefused:
            return False

    try:
        assert signs_in("east.staff", "open sesame")
        assert not signs_in("east.staff", shared)
        assert signs_in("west.staff", shared)
    finally:
        platform.database.close()
    assert "Their own passwords, as people.csv says: east.staff" in office.say("demo")[1]
