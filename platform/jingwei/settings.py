"""Settings of an installation, from the environment (prefix JINGWEI_), each with its source."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jingwei.refusals import Refused
from jingwei.texts import LOCALES

PREFIX = "JINGWEI_"
MANIFEST = Path("definitions") / "manifest.yaml"
Environment = Literal["demo", "production"]
Source = Literal["environment", "default", "file"]
SECRET_LENGTH = 32
LEAST_SECRET = 32  # characters of one that somebody chose


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is not a definition. `sources` says where each value came from."""

    application: Path
    data_dir: Path
    database_url: str
    redis_url: str | None = None
    secret_key: str = field(default="", repr=False)
    field_keys: tuple[str, ...] = field(default=(), repr=False)  # of secrets, the newest first
    env: Environment = "demo"
    default_locale: str = "zh"
    timezone: str = "Asia/Shanghai"
    oidc: Mapping[str, str] = field(default_factory=dict, repr=False)
    ldap: Mapping[str, str] = field(default_factory=dict, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    notify_urls: tuple[str, ...] = field(default=(), repr=False)
    metrics_token: str | None = field(default=None, repr=False)
    webhooks: Mapping[str, str] = field(default_factory=dict, repr=False)  # name → address
    webhook_secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    webhook_networks: tuple[str, ...] = ()  # private networks that webhooks may reach
    clock_file: Path | None = None
    proxies: int = 0  # of our own, one behind the other, before the server
    worker: bool = True  # run jobs inside the server when there is no Redis
    sources: Mapping[str, Source] = field(default_factory=dict, compare=False)

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def embedded(self) -> bool:
        """Jobs run in the server's own process, which must then be the only one."""
        return self.redis_url is None

    @classmethod
    def read(
        cls, application: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> Settings:
        """Settings of this environment. Writes nothing: see `with_secret`.

        Raises Refused for a value that cannot be meant.
        """
        values = {
            name.removeprefix(PREFIX): value
            for name, value in (os.environ if environment is None else environment).items()
            if name.startswith(PREFIX) and value != ""
        }
        root = (application or find_application(Path.cwd())).resolve()
        data_dir = root / values.get("DATA_DIR", "var")
        clock_file = values.get("CLOCK_FILE")
        settings = cls(
            application=root,
            data_dir=data_dir,
            database_url=_database_url(values.get("DATABASE_URL"), root, data_dir),
            redis_url=values.get("REDIS_URL"),
            secret_key=values.get("SECRET_KEY", ""),
            field_keys=_field_keys(values.get("FIELD_KEYS", "")),
            env=_one_of("ENV", values, ("demo", "production")),  # type: ignore[arg-type]  # checked
            default_locale=_one_of("DEFAULT_LOCALE", values, LOCALES),
            timezone=_timezone(values.get("TIMEZONE", "Asia/Shanghai")),
            oidc=_group("OIDC_", values),
            ldap=_group("LDAP_", values),
            smtp_url=values.get("SMTP_URL"),
            notify_urls=tuple(values.get("NOTIFY_URLS", "").split()),
            metrics_token=values.get("METRICS_TOKEN"),
            webhooks=_webhooks(values.get("WEBHOOKS", "")),
            webhook_secrets=_secrets(values.get("WEBHOOK_SECRETS", "")),
            webhook_networks=_networks(values.get("WEBHOOK_NETWORKS", "")),
            clock_file=Path(clock_file) if clock_file else None,
            proxies=int(_one_of("PROXIES", values, ("0", "1", "2", "3"))),
            sources={name: "environment" if name in values else "default" for name in NAMES},
        )
        settings.require_sense()
        return settings

    @staticmethod
    def locale_of_environment() -> str | None:
        """The language of the command line, when the environment names one we speak."""
        asked = os.environ.get(f"{PREFIX}DEFAULT_LOCALE", "")
        return asked if asked in LOCALES else None

    def require_sense(self) -> None:
        """Raises Refused for settings that must not stand together."""
        if self.is_production and self.clock_file is not None:
            raise Refused("setting-clock-in-production")
        chosen = self.sources.get("SECRET_KEY") != "default"
        if self.is_production and not (chosen and len(self.secret_key) >= LEAST_SECRET):
            raise Refused("setting-secret-needed")

    def with_secret(self) -> Settings:
        """The same, with the secret key of DATA_DIR, made on the first start."""
        if self.secret_key:
            return self
        path = self.data_dir / "secret_key"
        secret = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        if not secret:
            secret = _new_secret(path)
        return replace(self, secret_key=secret, sources={**self.sources, "SECRET_KEY": "file"})

    def load_field_keys(self) -> tuple[str, ...]:
        """The keys that seal secrets, newest first: those of the setting, else of a file in
        DATA_DIR, made when it is first asked for. Scaled out the setting alone counts: processes
        on other machines have no such file."""
        if self.field_keys or not self.embedded:
            return self.field_keys
        path = self.field_keys_file
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        return _field_keys(kept.strip() or _new_secret(path))

    def add_field_key(self) -> None:
        """A new key before those of the file. Raises Refused where the setting holds them."""
        if self.field_keys or not self.embedded:
            raise Refused("setting-field-keys-by-hand")
        keys = (secrets.token_hex(SECRET_LENGTH), *self.load_field_keys())
        coming = self.field_keys_file.with_name(f"field_keys.{secrets.token_hex(8)}")
        _write(coming, "\n".join(keys))
        coming.replace(self.field_keys_file)
        _settle(self.data_dir)

    @property
    def field_keys_file(self) -> Path:
        return self.data_dir / "field_keys"

    def shown(self) -> dict[str, tuple[str, str]]:
        """Every setting as (value, source), secrets covered: what `doctor` prints."""
        covered = {"SECRET_KEY", "FIELD_KEYS", "METRICS_TOKEN", "SMTP_URL", "NOTIFY_URLS"}
        values: dict[str, object] = {
            "DATABASE_URL": _without_password(self.database_url),
            "REDIS_URL": _without_password(self.redis_url or ""),
            "DATA_DIR": self.data_dir,
            "SECRET_KEY": self.secret_key,
            "FIELD_KEYS": " ".join(self.field_keys),
            "ENV": self.env,
            "DEFAULT_LOCALE": self.default_locale,
            "TIMEZONE": self.timezone,
            "SMTP_URL": self.smtp_url or "",
            "NOTIFY_URLS": " ".join(self.notify_urls),
            "METRICS_TOKEN": self.metrics_token or "",
            "WEBHOOKS": " ".join(sorted(self.webhooks)),
            "WEBHOOK_SECRETS": " ".join(sorted(self.webhook_secrets)),
            "WEBHOOK_NETWORKS": " ".join(self.webhook_networks),
            "CLOCK_FILE": self.clock_file or "",
            "PROXIES": self.proxies,
            "OIDC_*": " ".join(sorted(self.oidc)),
            "LDAP_*": " ".join(sorted(self.ldap)),
        }
        return {
            name: ("***" if name in covered and value else str(value), self._source(name))
            for name, value in values.items()
        }

    def _source(self, name: str) -> str:
        if name.endswith("_*"):
            return "environment" if (self.oidc if name == "OIDC_*" else self.ldap) else "default"
        return self.sources.get(name, "default")


def _new_secret(path: Path) -> str:
    """A secret in a file of its own. Of processes that start at once the first one's counts: none
    sees a file that is not whole, which would be an empty secret."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coming = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    _write(coming, secrets.token_hex(SECRET_LENGTH))
    try:
        if path.exists() and not path.read_text(encoding="utf-8").strip():
            coming.replace(path)  # of a start that was killed
        else:
            os.link(coming, path)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    except OSError:  # a file system without links
        coming.replace(path)
    finally:
        coming.unlink(missing_ok=True)
    _settle(path.parent)
    return path.read_text(encoding="utf-8").strip()


def _write(path: Path, words: str) -> None:
    """A file for its owner, on the disk before a database keeps anything that needs it."""
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Have the names of the files in a folder be on the disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError:  # a file system that does not know of it
        pass
    finally:
        os.close(opened)


NAMES = (
    "DATABASE_URL",
    "REDIS_URL",
    "DATA_DIR",
    "SECRET_KEY",
    "FIELD_KEYS",
    "ENV",
    "DEFAULT_LOCALE",
    "TIMEZONE",
    "SMTP_URL",
    "NOTIFY_URLS",
    "METRICS_TOKEN",
    "WEBHOOKS",
    "WEBHOOK_SECRETS",
    "WEBHOOK_NETWORKS",
    "CLOCK_FILE",
    "PROXIES",
)


def find_application(start: Path) -> Path:
    """The nearest directory, upwards, that holds the manifest. Raises Refused without one."""
    for folder in (start, *start.parents):
        if (folder / MANIFEST).is_file():
            return folder
    raise Refused("no-application", folder=start)


def _database_url(value: str | None, root: Path, data_dir: Path) -> str:
    if value is None:
        return f"sqlite:///{data_dir / 'jingwei.db'}"
    scheme, separator, path = value.partition(":///")
    if scheme == "sqlite" and separator and path and path != ":memory:":
        return f"sqlite:///{root / path}"
    if value.startswith("postgresql://"):
        return value.replace("postgresql://", "postgresql+psycopg://", 1)
    return value


def _one_of(name: str, values: Mapping[str, str], allowed: tuple[str, ...]) -> str:
    value = values.get(name, allowed[0])
    if value not in allowed:
        raise Refused("setting-unknown", name=PREFIX + name, value=value, known=", ".join(allowed))
    return value


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused("setting-timezone", value=name) from None
    return name


def _webhooks(value: str) -> dict[str, str]:
    """`name=https://… other=https://…`. Raises Refused."""
    found: dict[str, str] = {}
    for one in value.split():
        name, separator, url = one.partition("=")
        if not separator or not name or not url.startswith(("http://", "https://")):
            raise Refused("setting-webhook", value=name)
        found[name] = url
    return found


def _secrets(value: str) -> dict[str, tuple[str, ...]]:
    """`name=secret other=new,old`. Raises Refused for one that could be guessed."""
    found: dict[str, tuple[str, ...]] = {}
    for one in value.split():
        name, _, written = one.partition("=")
        secrets = tuple(written.split(","))
        if not name or any(len(secret) < LEAST_SECRET for secret in secrets):
            raise Refused("setting-webhook-secret", value=name, least=LEAST_SECRET)
        found[name] = secrets
    return found


def _field_keys(value: str) -> tuple[str, ...]:
    """`newest older`. Raises Refused for one that could be guessed."""
    found = tuple(dict.fromkeys(value.replace(",", " ").split()))
    if any(len(key) < LEAST_SECRET for key in found):
        raise Refused("setting-field-keys", least=LEAST_SECRET)
    return found


def _networks(value: str) -> tuple[str, ...]:
    """`10.1.0.0/16 127.0.0.1/32`. Raises Refused."""
    found = tuple(value.split())
    for one in found:
        try:
            ip_network(one, strict=False)
        except ValueError:
            raise Refused("setting-network", value=one) from None
    return found


def _group(prefix: str, values: Mapping[str, str]) -> dict[str, str]:
    return {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if not at or ":" not in credentials:
        return url
    return f"{scheme}{separator}{credentials.partition(':')[0]}:***@{host}"
