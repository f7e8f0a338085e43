"""OAuth 2.0 of the tenant: `/identity/connect/token`, revocation and the discovery document.

Sources: Integration Development Guide (flows, scopes, rotating refresh tokens, revocation leaves the session open), field notes (errors are HTTP 400
`invalid_grant`, `invalid_client`). Only the password and refresh flows are implemented; others answer `unsupported_grant_type`. `invalid_scope` for
an unknown scope is from RFC 6749.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer
from runtime.simulator.tokens import Denied, Form, form_of, granted, same
from systems.acumatica.simulator.door import Door
from systems.acumatica.simulator.signin import SCOPES, SignIn


def add_identity(app: web.Application, door: Door) -> None:
    """Add the identity routes."""
    sign_in = door.sign_in

    async def token(request: web.Request) -> web.Response:
        door.count("POST /identity/connect/token")
        return await granted(request, lambda form: _grant(form, sign_in))

    async def revocation(request: web.Request) -> web.Response:
        try:
            form = await form_of(request)
            _refuse_others(form, sign_in)
        except Denied:
            return json_answer({"error": "invalid_client"}, 400)
        sign_in.tokens.revoke(form.get("token", ""))
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


def _refuse_others(form: Form, sign_in: SignIn) -> None:
    known = sign_in.account
    if not same((form.get("client_id", ""), form.get("client_secret", "")), (known.client_id, known.client_secret)):
        raise Denied("invalid_client")


def _grant(form: Form, sign_in: SignIn) -> dict[str, Any]:
    _refuse_others(form, sign_in)
    flow = form.get("grant_type")
    if flow == "password":
        return _password(form, sign_in)
    if flow == "refresh_token":
        return _refresh(form.get("refresh_token", ""), sign_in)
    raise Denied("unsupported_grant_type")


def _password(form: Form, sign_in: SignIn) -> dict[str, Any]:
    known = sign_in.account
    if not same((form.get("username", ""), form.get("password", "")), (known.username, known.password)):
        raise Denied("invalid_grant")
    scopes = frozenset(form.get("scope", "").split())
    if not scopes or not scopes <= SCOPES:
        raise Denied("invalid_scope")
    return sign_in.grant(scopes)


def _refresh(token: str, sign_in: SignIn) -> dict[str, Any]:
    known = sign_in.token(token, "refresh")
    if known is None:
        raise Denied("invalid_grant")
    sign_in.tokens.revoke(token)  # a refresh token works once
    return sign_in.grant(frozenset(known["scopes"]), str(known["grant"]))
