"""What leaves the house: calls of the effect `call`, and the news that another release runs."""

from __future__ import annotations

from typing import Any

from jingwei.gateways.webhook import Webhook, WebhookFailed, send
from jingwei.services.platform import Platform
from jingwei.storage.outbox import Message
from jingwei.storage.publication import PUBLISHED


def send_webhook(platform: Platform, message: Message) -> None:
    """Deliver one call. The address is that of the settings: a definition knows only its name.

    Raises WebhookFailed; the outbox tries again, and gives up after a while.
    """
    name = str(message.payload["webhook"])
    url = platform.settings.webhooks.get(name)
    if url is None:
        raise WebhookFailed(f"JINGWEI_WEBHOOKS has no address for '{name}'")
    form, record = message.payload.get("form"), message.payload.get("id")
    webhook = Webhook(
        url,
        message.event_id,
        f"jingwei.{name}",
        "jingwei" if form is None else f"/f/{form}/{record}",
        message.created_at.isoformat(),
        message.payload.get("body") or {},
        **_signing(platform, name),
    )
    send(webhook, platform.settings.webhook_networks)


def announce_release(platform: Platform, message: Message) -> None:
    """Tell the address that the settings name `release.published`, where there is one.

    Raises WebhookFailed.
    """
    url = platform.settings.webhooks.get(PUBLISHED)
    if url is not None:
        at = message.created_at.isoformat()
        told = Webhook(
            url,
            message.event_id,
            f"jingwei.{PUBLISHED}",
            "jingwei",
            at,
            message.payload,
            **_signing(platform, PUBLISHED),
        )
        send(told, platform.settings.webhook_networks)


def _signing(platform: Platform, name: str) -> dict[str, Any]:
    """What a delivery to this address is signed with, now."""
    sent_at = int(platform.clock.now().timestamp())
    return {"secrets": platform.settings.webhook_secrets.get(name, ()), "sent_at": sent_at}
