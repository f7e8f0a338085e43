"""The Component Interfaces of one session. Each uses the WSDL that was accepted for it, which is compared with the site's again from time to time.

An interface whose WSDL is not the accepted one is refused for a while without another request to the site.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from runtime.errors import Broken
from systems.peoplesoft.client import Client
from systems.peoplesoft.soap import Service, User
from systems.peoplesoft.wsdl import fetched, require_accepted

_LIFE = timedelta(minutes=30)
_REFUSED_FOR = timedelta(minutes=2)


class Services:
    """What is known of the site's services. Fetching waits for the limiter; `renew` does it before an attempt begins."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, tuple[Service | Broken, datetime]] = {}
        self._turn = asyncio.Lock()

    async def of(self, interface: str) -> Service:
        """The service of an interface. Raises `Broken` if its WSDL is not accepted, and the errors of a read."""
        found = self._present(interface)
        if found is None:
            async with self._turn:
                found = self._present(interface) or await self._load(interface)
        if isinstance(found, Broken):
            raise found
        return found

    async def renew(self) -> None:
        """Fetch every accepted interface. If one is refused, `of` says so to the caller that needs it."""
        own = self._client.settings
        for interface in (own.journal.interface, own.voucher.interface):
            if interface in own.wsdl_hashes:
                try:
                    await self.of(interface)
                except Broken:
                    continue

    def doubt(self) -> None:
        """The messages may have changed: compare the WSDL before the next call."""
        self._known = {name: (found, until) for name, (found, until) in self._known.items() if isinstance(found, Broken)}

    def _present(self, interface: str) -> Service | Broken | None:
        found, until = self._known.get(interface, (None, None))
        return found if until is not None and self._client.clock.now() < until else None

    async def _load(self, interface: str) -> Service | Broken:
        now = self._client.clock.now()
        made: tuple[Service | Broken, datetime]
        try:
            found = await fetched(self._client, interface)
            require_accepted(found, self._client.settings)
            made = Service(found, user_of(self._client)), now + _LIFE
        except Broken as error:
            made = error, now + _REFUSED_FOR
        self._known[interface] = made
        return made[0]


def user_of(client: Client) -> User | None:
    """Who signs each SOAP message, if the site requires it."""
    if client.settings.soap_security != "username_token":
        return None
    known = client.credentials
    return User(known.username.get_secret_value(), known.password.get_secret_value())
