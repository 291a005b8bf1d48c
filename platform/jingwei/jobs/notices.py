"""Notices that leave the product."""

from __future__ import annotations

from jingwei.gateways.mail import Mail, send
from jingwei.services.platform import Platform
from jingwei.storage.database import Connection
from jingwei.storage.notices import find_notice
from jingwei.storage.outbox import Message
from jingwei.storage.people import PersonRow, find_person, refresh_book


def send_notice(platform: Platform, message: Message) -> None:
    """Mail one notice to a person who has an address. A repetition carries the same Message-ID."""
    with platform.database.reading() as connection:
        notice = find_notice(connection, int(message.payload["notice"]))
        if notice is None:
            return
        person = _addressee(platform, connection, notice.person)
    if person is None or not person.active or not person.email:
        return
    body = notice.text if notice.link is None else f"{notice.text}\n\n{notice.link}"
    mail = Mail(message.event_id, person.email, notice.text, body)
    send(mail, platform.settings.smtp_url, platform.settings.data_dir)


def _addressee(platform: Platform, connection: Connection, person: int) -> PersonRow | None:
    book = platform.database.people
    if person not in book.logins:
        refresh_book(connection, book)
    login = book.logins.get(person)
    return find_person(connection, login) if login else None
