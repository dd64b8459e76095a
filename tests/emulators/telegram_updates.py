"""How the bot gets its updates: by asking, or by webhook."""

import re
from collections.abc import Awaitable

from tests.emulators.telegram_calls import Params
from tests.emulators.telegram_courier import Webhook
from tests.emulators.telegram_errors import JSON, bad_request
from tests.emulators.telegram_office import Method, Office

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def get_updates(office: Office, params: Params) -> Awaitable[list[JSON]]:
    offset, limit = params.integer("offset", 0) or 0, params.integer("limit", 100) or 100
    timeout = min(max(params.integer("timeout", 0) or 0, 0), 50)
    return office.mail.fetch(offset, min(max(limit, 1), 100), timeout, params.structure("allowed_updates"))


def set_webhook(office: Office, params: Params) -> bool:
    """Like a local Bot API server this one also takes http and any port."""
    url, secret = params.text("url"), params.text("secret_token")
    if url and not url.startswith(("http://", "https://")):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and not SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    connections = params.integer("max_connections", 40) or 40
    allowed = params.structure("allowed_updates")
    if allowed is not None:
        office.mail.allowed = frozenset(allowed)
    if params.flag("drop_pending_updates"):
        office.mail.drop_pending()
    office.mail.set_webhook(Webhook(url, secret or None, min(max(connections, 1), 100)) if url else None)
    return True


def delete_webhook(office: Office, params: Params) -> bool:
    if params.flag("drop_pending_updates"):
        office.mail.drop_pending()
    office.mail.set_webhook(None)
    return True


def get_webhook_info(office: Office, params: Params) -> JSON:
    mail, trouble = office.mail, office.mail.courier.trouble
    mail.forget_expired()
    info: JSON = {"url": "", "has_custom_certificate": False, "pending_update_count": len(mail.waiting)}
    if mail.webhook:
        info |= {"url": mail.webhook.url, "max_connections": mail.webhook.max_connections}
    if mail.allowed:
        info["allowed_updates"] = sorted(mail.allowed)
    if mail.webhook and trouble:
        info |= {"last_error_date": trouble.date, "last_error_message": trouble.message}
    return info


UPDATES: dict[str, Method] = {
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
}
