"""What the effect `call` sends out of the house."""

from __future__ import annotations

from jingwei.gateways.webhook import Webhook, WebhookFailed, send
from jingwei.services.platform import Platform
from jingwei.storage.outbox import Message


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
    )
    send(webhook, platform.settings.webhook_networks)
