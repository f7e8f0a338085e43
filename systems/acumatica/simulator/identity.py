"""OAuth 2.0 of the tenant: `/identity/connect/token`, revocation and the discovery document.

Sources: Integration Development Guide (flows, scopes, rotating refresh tokens, revocation leaves the session open), field notes
(errors are HTTP 400 `invalid_grant`, `invalid_client`). Only the password and refresh flows are kept; others answer
`unsupported_grant_type`. `invalid_scope` for an unknown scope is RFC 6749.
"""

from __future__ import annotations

import time

from aiohttp import web
from multidict import MultiDictProxy

from systems.acumatica.simulator.answers import json_answer
from systems.acumatica.simulator.gate import Gate
from systems.acumatica.simulator.sessions import SCOPES, same

FORM = "application/x-www-form-urlencoded"
Form = MultiDictProxy[str | bytes | bytearray | web.FileField]


def add_identity(app: web.Application, gate: Gate) -> None:
    """Add the identity routes."""

    async def token(request: web.Request) -> web.Response:
        started = time.perf_counter()
        answer = await _token(request, gate)
        gate.count("POST /identity/connect/token", started)
        return answer

    async def revocation(request: web.Request) -> web.Response:
        form = await _form(request)
        if form is None or not _is_client(form, gate):
            return _error("invalid_client")
        gate.sessions.revoke(_field(form, "token"))
        return web.Response(status=200)

    async def discovery(request: web.Request) -> web.Response:
        root = f"{request.scheme}://{request.host}/identity"
        return json_answer(
            {
                "issuer": root,
                "authorization_endpoint": f"{root}/connect/authorize",
                "token_endpoint": f"{root}/connect/token",
                "revocation_endpoint": f"{root}/connect/revocation",
                "scopes_supported": sorted(SCOPES),
                "grant_types_supported": ["password", "refresh_token"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        )

    app.router.add_post("/identity/connect/token", token)
    app.router.add_post("/identity/connect/revocation", revocation)
    app.router.add_get("/identity/.well-known/openid-configuration", discovery)


async def _form(request: web.Request) -> Form | None:
    return await request.post() if request.content_type == FORM else None


def _field(form: Form, name: str) -> str:
    values = form.getall(name, [])
    return str(values[0]) if len(values) == 1 else ""


def _is_client(form: Form, gate: Gate) -> bool:
    account = gate.sessions.account
    return same(_field(form, "client_id"), account.client_id) and same(_field(form, "client_secret"), account.client_secret)


def _error(code: str) -> web.Response:
    return json_answer({"error": code}, 400)


async def _token(request: web.Request, gate: Gate) -> web.Response:
    form = await _form(request)
    if form is None:
        return _error("invalid_request")
    if not _is_client(form, gate):
        return _error("invalid_client")
    flow = _field(form, "grant_type")
    if flow == "password":
        return _password(form, gate)
    return _refresh(form, gate) if flow == "refresh_token" else _error("unsupported_grant_type")


def _password(form: Form, gate: Gate) -> web.Response:
    account = gate.sessions.account
    if not same(_field(form, "username"), account.username) or not same(_field(form, "password"), account.password):
        return _error("invalid_grant")
    scopes = frozenset(_field(form, "scope").split())
    if not scopes or not scopes <= SCOPES:
        return _error("invalid_scope")
    return _granted(gate, scopes)


def _refresh(form: Form, gate: Gate) -> web.Response:
    text = _field(form, "refresh_token")
    known = gate.sessions.token(text, "refresh")
    if known is None:
        return _error("invalid_grant")
    gate.sessions.revoke(text)  # a refresh token works once
    return _granted(gate, frozenset(known["scopes"]), str(known["grant"]))


def _granted(gate: Gate, scopes: frozenset[str], grant: str = "") -> web.Response:
    answer = json_answer(gate.sessions.grant(scopes, grant))
    answer.headers["Cache-Control"] = "no-store"
    return answer
