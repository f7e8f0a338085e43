"""The external token server (`/oauth/token`): client credentials alone, as an IDCS, Azure AD or Okta would issue them.

Sources: PeopleBooks (PeopleSoft itself has no token URL), RFC 6749 for the form, errors and both ways to name the client.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_plus

from aiohttp import web

from systems.peoplesoft.simulator.security import Security, same
from systems.peoplesoft.simulator.site import Site

PATH = "/oauth/token"


def add_tokens(app: web.Application, site: Site, security: Security) -> None:
    """Add the token route."""

    async def token(request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            return _error("invalid_request")
        form = {name: str(value) for name, value in (await request.post()).items()}
        client, secret = _client(request, form)
        account = security.account
        if not same(client, account.client_id) or not same(secret, account.client_secret):
            return _error("invalid_client", 401)
        if form.get("grant_type") != "client_credentials":
            return _error("unsupported_grant_type")
        if form.get("scope", "") != site.settings.token_scope:
            return _error("invalid_scope")
        return web.json_response(security.grant(), headers={"Cache-Control": "no-store"})

    app.router.add_post(PATH, token)


def _client(request: web.Request, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client, _, secret = base64.b64decode(credential.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client), unquote_plus(secret)


def _error(code: str, status: int = 400) -> web.Response:
    return web.json_response({"error": code}, status=status)
