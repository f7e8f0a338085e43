"""What a webhook of ServiceTitan asks for: which object to read again. Pure; the signature was checked before the webhook was stored.

The envelope of V2 webhooks is not published (assumed: `{eventId, eventType, tenantId, timestamp, data}`), so settings say where the event, the tenant
and the id are. The content of the payload is never trusted: it is only a hint.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel

from runtime.errors import Broken, Malformed
from runtime.json import parse
from systems.contract import Signing
from systems.mapped import Fetch, Filtered
from systems.servicetitan.settings import EventRule, Settings


def signing(settings: BaseModel) -> Signing:
    """How this connection's webhooks are signed. Header, encoding and scheme are settings, because none of them is published."""
    if not isinstance(settings, Settings):
        raise Broken("servicetitan: settings of another system.", "Apply the connection again.")
    webhook = settings.webhook
    return Signing(webhook.scheme, webhook.header, webhook.encoding, webhook.prefix)


def hints(body: bytes, settings: Settings) -> list[Fetch | Filtered]:
    """The objects to read again, or the reason why nothing follows. Raises `Malformed` if the payload cannot be read."""
    webhook = settings.webhook
    payload = parse(body)
    if not isinstance(payload, dict):
        raise Malformed("servicetitan webhook: the payload is not an object")
    tenant = at_path(payload, webhook.tenant_path)
    if tenant is not None and str(tenant) != settings.tenant_id:
        return [Filtered(f"webhook of tenant {str(tenant)[:40]}, not of {settings.tenant_id}")]
    event = at_path(payload, webhook.event_path)
    if not isinstance(event, str) or not event:
        raise Malformed(f"servicetitan webhook: no event type at {webhook.event_path}")
    rule = _rule(event, webhook.events)
    if rule is None:
        return [Filtered(f"webhook {event[:80]} is not a registered event type")]
    return [_request_fetch(rule, event, payload)]


def at_path(payload: Any, path: str) -> Any:
    """The value at a dotted path of members; None if a member is absent."""
    for name in path.split("."):
        if not isinstance(payload, dict):
            return None
        payload = payload.get(name)
    return payload


def _rule(event: str, rules: tuple[EventRule, ...]) -> EventRule | None:
    name = event.lower()
    return next((rule for rule in rules if fnmatchcase(name, rule.pattern)), None)


def _request_fetch(rule: EventRule, event: str, payload: Any) -> Fetch | Filtered:
    found = at_path(payload, rule.id_path)
    if found is None and rule.id_path != "data.id":
        return Filtered(f"webhook {event[:80]} names no {rule.entity} yet")
    text = str(found) if not isinstance(found, bool) else ""
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 19):
        raise Malformed(f"servicetitan webhook {event[:80]}: no id at {rule.id_path}")
    return Fetch(rule.entity, text, "hint")
