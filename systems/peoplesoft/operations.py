"""Whether the service operations that we need are active. `check` reports this, and the reader asks before any read.

Facts (PeopleBooks): a service operation answers if its version, a routing and its handler are active. An administrator activates them, and no public
call reports it. The site therefore installs a query over the Integration Broker's tables (install/INSTALL.md; its names are assumed). If that query
is absent, the operations are probed: WSDLs are fetched and a query is run. A failure is then named, but its cause is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime.errors import Broken
from systems.feeds.elements import Cut
from systems.feeds.keyset import Order
from systems.peoplesoft.client import Client
from systems.peoplesoft.errors import OPERATION, Inactive, QueryAbsent
from systems.peoplesoft.resources import QUERIES
from systems.peoplesoft.rows import Row, Torn, text
from systems.peoplesoft.settings import Settings
from systems.peoplesoft.wsdl import address

AGAIN = timedelta(minutes=5)
"""For how long a good answer is reused."""
STAGING = "VOUCHER_BUILD"
_PARTS = {"VERSION_STATUS": "version", "ROUTING_STATUS": "routing", "HANDLER_STATUS": "handler"}
_REMEDY = "An administrator activates it (Service Operations: General, Routings, Handlers; install/INSTALL.md); reading goes on by itself."
_ORDER = "Compare the query with install/queries: ordered by its key, keys greater than the last prompt, one row in force for each."
_UNKNOWN = "Install the query {query} to see the cause: version, routing, handler or permission (install/INSTALL.md)."


@dataclass(frozen=True)
class State:
    """The inactive parts of one operation; empty if all are active. `is_listed` is False if the site does not know the operation."""

    name: str
    inactive: tuple[str, ...]
    is_listed: bool = True

    @property
    def is_good(self) -> bool:
        """Whether the operation answers."""
        return self.is_listed and not self.inactive

    @property
    def words(self) -> str:
        """What is wrong with it, in one sentence."""
        if not self.is_listed:
            return f"service operation {self.name} is not there."
        return f"service operation {self.name} is inactive: {', '.join(self.inactive)}."


def interfaces(settings: Settings) -> tuple[str, ...]:
    """The Component Interfaces that this connection's profile writes through. A collection is a journal in every profile."""
    vouchers = (settings.voucher.interface,) if _by_interface(settings) else ()
    return (settings.journal.interface, *vouchers)


def required(settings: Settings) -> tuple[str, ...]:
    """The service operations that this connection's profile needs. Names over 30 characters are cut (assumed)."""
    made = [OPERATION]
    for interface in interfaces(settings):
        made += [f"{f'CI_{interface}'[:28]}_{method}" for method in ("C", "G")]
    if settings.profile == "voucher" and settings.voucher.writer == "staging":
        made.append(STAGING)
    return tuple(made)


def _by_interface(settings: Settings) -> bool:
    return settings.profile == "voucher" and settings.voucher.writer == "interface"


def states(rows: Iterable[Row], names: Sequence[str]) -> list[State]:
    """The state of each of these operations. If an operation has several routings, one of them has to be active."""
    seen: dict[str, set[str]] = {}
    for row in rows:
        good = {part for column, part in _PARTS.items() if text(row, column) == "A"}
        seen.setdefault(text(row, "IB_OPERATIONNAME"), set()).update(good)
    return [
        State(name, tuple(part for part in _PARTS.values() if part not in seen.get(name, ())), is_listed=name in seen)
        for name in names
    ]


def complete(rows: Sequence[Cut], key: str, last: str, maxrows: int) -> tuple[Sequence[Cut], str]:
    """The rows of a page whose keys are certainly complete, and the last key to continue behind (`Order.whole`)."""
    told = [row.get(key) or (None if isinstance(row, Torn) else "") for _, row in rows]
    count, last = Order("peoplesoft", key, _ORDER).whole(told, last, maxrows)
    return rows[:count], last


async def listed(client: Client, name: str, prompts: Mapping[str, str], *, torn: bool = False) -> list[Row]:
    """Every row of a paged query. With `torn`, rows that cannot be read are included, with what could be read of them. Raises the errors of
    `Client.query`."""
    query, size = QUERIES[name], client.settings.page_size
    found: list[Row] = []
    last = ""
    while True:
        asked = [(prompt, prompts.get(prompt, last)) for prompt in query.prompts]
        page = await client.page(name, asked, size)
        before = last
        whole, last = complete(page.rows if torn else page.whole(name), query.key, last, size)
        found += [row for _, row in whole]
        if last == before:
            return found


async def probe(client: Client, interface: str) -> State:
    """Whether the service of a Component Interface answers with a WSDL; the cause of a failure is not known. Raises errors that do not concern the
    service."""
    service = f"CI_{interface}"
    try:
        answer = await client.get(address(client.settings, interface), service)
    except (QueryAbsent, Inactive):
        return State(service, (), is_listed=False)
    return State(service, (), is_listed=b"definitions" in answer.body)


class ActiveOperations:
    """Lets a reader continue while every required operation is active. A good answer counts for a few minutes, a bad one is never kept."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._good_until: datetime | None = None

    async def require(self) -> None:
        """Raise `Broken` with the name of the operation that is not active, and what to do."""
        now = self._client.clock.now()
        if self._good_until is not None and now < self._good_until:
            return
        self._good_until = None
        try:
            await self._ask()
        except Inactive as error:
            raise Broken(f"peoplesoft: service operation {OPERATION} refuses: {error}", _REMEDY) from error
        self._good_until = now + AGAIN

    async def _ask(self) -> None:
        settings = self._client.settings
        try:
            rows = await listed(self._client, "SERVICE_OPERATIONS", {})
        except QueryAbsent:
            await self._probe()
            return
        if bad := [state.words for state in states(rows, required(settings)) if not state.is_good]:
            raise Broken(f"peoplesoft: {' '.join(bad)} Nothing is read.", _REMEDY)

    async def _probe(self) -> None:
        settings = self._client.settings
        remedy = _UNKNOWN.format(query=settings.query("SERVICE_OPERATIONS"))
        try:
            await self._client.query("BUSINESS_UNITS", [("LAST_BUSINESS_UNIT", "")], 2)
        except QueryAbsent as error:
            raise Broken(f"peoplesoft: {OPERATION} finds none of our queries; the cause is not known.", remedy) from error
        for interface in interfaces(settings):
            state = await probe(self._client, interface)
            if not state.is_good:
                raise Broken(f"peoplesoft: {state.name} gives no WSDL; the cause is not known. Nothing is read.", remedy)
