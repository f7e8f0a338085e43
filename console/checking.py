"""All findings about one connection: each side's own checks, and those that need both sides."""

from __future__ import annotations

from collections.abc import Iterator

from console.waiting import told
from runtime.errors import Broken, ConnectorError
from runtime.settings import Ingress
from services.access import AccessProvider
from services.credentials import CredentialStore
from systems.connection import ConnectionSettings
from systems.contract import Finding, Role
from systems.network import addresses_of
from topology.configuration import Connected


async def findings(provider: AccessProvider, one: Connected) -> list[tuple[str, Finding]]:
    """(system, finding) of both sides, then of the connection itself ("" as system)."""
    found: list[tuple[str, Finding]] = []
    for side in (one.settings.field_service, one.settings.erp):
        asking = told(side_findings(provider, one, side.system), f"asking {side.declared.title} of {one.settings.connection}")
        found += [(side.system, finding) for finding in await asking]
    found += [
        ("", finding)
        for finding in (*_tax(one.settings), *_keys(one, provider.credentials), *_address(one, provider.settings.ingress))
    ]
    return found


async def side_findings(provider: AccessProvider, one: Connected, system: str) -> list[Finding]:
    """The findings about one side. Nothing is sent to it if its network refuses an address."""
    try:
        refused = await _unreachable(provider, one, system)
        opened = provider.access(one.settings, system, Role.CHECK)
    except Broken as error:
        return [Finding("error", "credentials", error.words, error.remedy)]
    if refused:
        await opened.transport.close()
        return [Finding("error", "network", line) for line in refused]
    checker = one.settings.side(system).declared.open_checker(opened)
    try:
        return list(await checker.check(one.crosswalk))
    except Broken as error:
        return [Finding("error", "sign-in", error.words, error.remedy)]
    except ConnectorError as error:
        return [Finding("error", "reachability", str(error), "See that the address is right and the system answers.")]
    finally:
        await checker.close()
        await opened.transport.close()


async def _unreachable(provider: AccessProvider, one: Connected, system: str) -> list[str]:
    """Which addresses of a side must not or cannot be called from here. Nothing is sent to find this out."""
    side = one.settings.side(system)
    way = provider.ways(one.settings, side)
    found = [await way.reach.prove(address, way.proxy) for address in addresses_of(side.own())]
    return [line for line in dict.fromkeys(found) if line]


def _tax(settings: ConnectionSettings) -> Iterator[Finding]:
    """What the choice of tax mode means for the ERP's tax reports."""
    erp = settings.erp.declared.title
    sells = any(
        flow.purpose == "sale" and flow.id in settings.flows and settings.flows[flow.id].enabled
        for flow in settings.erp.declared.flows
    )
    if settings.tax_mode == "source" and sells:
        words = (
            f"tax_mode source: sales tax is posted as lines on the accounts of table tax_zone, and {erp} takes every line as exempt, so its own "
            "tax reports show none of this tax."
        )
        yield Finding(
            "warning", "tax", words, "File from the field service's tax report; the balance of the tax accounts has to equal it."
        )
    elif settings.tax_mode == "erp" and sells:
        yield Finding(
            "ok", "tax", f"tax_mode erp: {erp} computes the tax, and its tax reports show it; a document that differs is held."
        )


def _keys(one: Connected, credentials: CredentialStore) -> Iterator[Finding]:
    settings = one.settings
    keys = credentials.keys(settings.connection, "webhook")
    if keys:
        yield Finding("ok", "webhook keys", f"{len(keys)} HMAC key(s): {', '.join(str(key['name']) for key in keys)}")
    else:
        yield Finding(
            "error",
            "webhook keys",
            "there is no HMAC key: every webhook of this connection is refused with 401",
            "Put the key of the developer portal under webhook_keys and apply; without webhooks switch webhook.enabled off.",
        )


def _address(one: Connected, ingress: Ingress) -> Iterator[Finding]:
    """The addresses to which the systems have to send webhooks and pushes. The path is fixed; host and port are those on which this machine would
    listen."""
    settings = one.settings
    for side, kind, keys in (
        (settings.field_service, "webhook", settings.webhook_keys),
        (settings.erp, "push", settings.push_keys),
    ):
        signing = side.declared.signing(side.own()) if side.declared.signing is not None else None
        if signing is not None and (keys or kind == "webhook"):
            path = f"/{'webhooks' if kind == 'webhook' else kind}/{side.system}/{settings.connection}"
            words = f"{side.declared.title} sends to http://{ingress.host}:{ingress.port}{path}; from outside: your public https name and {path}"
            yield Finding("ok", f"{kind} address", words)
