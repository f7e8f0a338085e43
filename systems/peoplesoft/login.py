"""How one role signs in at a PeopleSoft site: HTTP Basic, or a bearer token of the site's external token server.

Facts (PeopleBooks, securing provider REST service operations): PeopleSoft is only a resource server; tokens come from another server, by client
credentials. Calls are stateless, so there is no session to end. That SOAP operations accept the same bearer token is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping

from runtime.errors import Broken
from systems.http.logins import Basic, Bearer, Login
from systems.peoplesoft.settings import Credentials, Settings


def login_of(settings: Settings, credentials: Credentials) -> Login:
    """How one role signs in."""
    if settings.sign_in != "oauth":
        return Basic("peoplesoft", credentials.username.get_secret_value(), credentials.password.get_secret_value())

    def form() -> Mapping[str, str]:
        names = {
            "client_id": credentials.client_id.get_secret_value(),
            "client_secret": credentials.client_secret.get_secret_value(),
        }
        if not names["client_id"] or not settings.token_url:
            raise Broken(
                "peoplesoft: sign_in is oauth, but token_url or client_id is empty.",
                "Set token_url and apply client_id and client_secret, or set sign_in: basic.",
            )
        scope = {"scope": settings.token_scope} if settings.token_scope else {}
        return {"grant_type": "client_credentials", **names, **scope}

    remedy = "Check token_url, token_scope, client_id and client_secret with whoever runs the token server."
    return Bearer("peoplesoft token", settings.token_url, form, remedy)
