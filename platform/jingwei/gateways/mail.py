"""Mail: to an SMTP server, or into files where there is none."""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. `event` is stable over repetitions: it becomes the Message-ID."""

    event: str
    to: str
    subject: str
    body: str
    sender: str = "jingwei@localhost"

    def as_message(self) -> EmailMessage:
        message = EmailMessage()
        message["Message-ID"] = f"<{self.event}@jingwei>"
        message["Date"] = formatdate(localtime=False)
        message["From"] = self.sender
        message["To"] = self.to
        message["Subject"] = " ".join(self.subject.split())[:200]
        message.set_content(self.body)
        return message


def send(mail: Mail, smtp_url: str | None, data_dir: Path) -> None:
    """Give the mail away. Raises OSError or SMTPException when it cannot: try again later."""
    if smtp_url is None:
        write_file(mail, data_dir / "mail")
    else:
        send_smtp(mail, smtp_url)


def write_file(mail: Mail, folder: Path) -> Path:
    """The mail as a file; the same mail again is the same file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{mail.event}.eml"
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_bytes(mail.as_message().as_bytes())
    unfinished.replace(path)
    return path


def send_smtp(mail: Mail, url: str) -> None:
    """`smtp://`, `smtps://` or `smtp+starttls://user:password@host:port?from=…`."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    sender = dict(p.partition("=")[::2] for p in parts.query.split("&") if p).get("from")
    message = mail.as_message()
    if sender:
        message.replace_header("From", unquote(sender))
    with _connect(parts.scheme, host, parts.port) as server:
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=context)
    usual = 587 if scheme == "smtp+starttls" else 25
    server = smtplib.SMTP(host, port or usual, timeout=TIMEOUT_SECONDS)
    if scheme == "smtp+starttls":
        server.starttls(context=ssl.create_default_context())
    return server
