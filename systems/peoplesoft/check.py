"""Proves the settings of a PeopleSoft connection by using them: one line per subject, with what to do. Reads only.

In the order in which a site is set up: token server, sign-in, queries, service operations with their routings and handlers, permissions, WSDLs, then
the values of the crosswalk (check_values.py) and the options of the business units. If one of our queries is absent, the check says what it would
have shown; the cause cannot be known (PeopleBooks: no public call reports it).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from runtime.errors import Broken, ConnectorError, Malformed, Throttled
from systems.checks import Findings
from systems.contract import Access, Finding, checked
from systems.mapped import Crosswalk
from systems.peoplesoft.check_values import Values
from systems.peoplesoft.client import Client
from systems.peoplesoft.errors import OPERATION, Inactive, QueryAbsent
from systems.peoplesoft.operations import interfaces, listed, probe, required, states
from systems.peoplesoft.resources import QUERIES
from systems.peoplesoft.rows import text
from systems.peoplesoft.wsdl import fetched

GUIDE = Path(__file__).parent / "install" / "INSTALL.md"
_ACTIVATE = "An administrator activates it: PeopleTools > Integration Broker > Integration Setup > Service Operations ({tab})."
_TABS = {"version": "General, Active", "routing": "Routings, Activate Selected Routings", "handler": "Handlers, Status Active"}
_NOBODY = {"OPERATION": "Web Services tab", "CI": "Component Interfaces tab"}
_ALWAYS = ("VENDORS", "VENDOR", "GL_ACCOUNTS", "CHARTFIELDS", "BUSINESS_UNITS", "PERIODS", "JOURNALS", "JOURNAL_LINES")


class _Checker:
    """A read-only session. See `systems.contract.Checker`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._found = Findings()

    async def check(self, crosswalk: Crosswalk) -> Sequence[Finding]:
        """Every finding, including the good ones. The check ends early if the site cannot be reached or refuses the sign-in."""
        self._found = Findings()
        if await self._signed_in():
            parts: list[Callable[[], Awaitable[object]]] = [self._queries, self._operations, self._permissions]
            parts += [lambda name=name: self._interface(name) for name in interfaces(self._settings)]  # type: ignore[misc]  # a default
            values = Values(self._client, crosswalk, self._found)
            for part in (*parts, *values.parts()):
                await self._guarded(part)
        self._profile()
        self._found.say("ok", "install guide", f"operations, permissions and queries to install: {GUIDE}")
        return tuple(self._found)

    async def close(self) -> None:
        """End the session."""
        await self._client.close()

    async def _guarded(self, part: Callable[[], Awaitable[object]]) -> None:
        """Run one part. Its error becomes a finding, and the others go on."""
        try:
            await part()
        except (ConnectorError, Malformed) as error:
            self._found.failed("reading", error, "Try again; if it stays, look at the gateway's error log.")

    # --- reaching the site --------------------------------------------------------------------------------------------

    async def _signed_in(self) -> bool:
        return await self._token() and await self._answered()

    async def _token(self) -> bool:
        if self._settings.sign_in != "oauth":
            return True
        try:
            await self._client.calls.sign_in.ensure()
        except ConnectorError as error:
            self._found.failed("token server", error, f"Check token_url {self._settings.token_url} and the way to it.")
            return False
        self._found.say("ok", "token server", f"{self._settings.token_url} gives a bearer token")
        return True

    async def _answered(self) -> bool:
        settings = self._settings
        where = f"{settings.base_url}, node {settings.node}"
        try:
            await self._client.query("BUSINESS_UNITS", [("LAST_BUSINESS_UNIT", "")], 2)
        except QueryAbsent:
            # _queries reports this; a gateway that answers so was reached and accepted the sign-in
            self._found.say("ok", "sign-in", f"{settings.sign_in} at {where}")
            return True
        except Inactive as error:
            self._found.say("error", f"operation {OPERATION}", error.words, error.remedy)
            return False
        except Throttled as error:
            self._found.say("error", "reachability", str(error), "The gateway or a proxy throttles; try again later.")
        except Broken as error:
            self._found.say("error", "sign-in", error.words, error.remedy)
        except ConnectorError as error:
            self._found.say(
                "error", "reachability", str(error), f"Check base_url and node ({where}), port, proxy, and the way to it."
            )
        else:
            self._found.say("ok", "sign-in", f"{settings.sign_in} at {where}")
            return True
        return False

    # --- what the site has to offer -----------------------------------------------------------------------------------

    def _used(self) -> list[str]:
        """The queries without which this connection cannot work."""
        always = [*_ALWAYS, *(["JOURNAL_SUSPECTS"] if self._settings.journal.suspects else [])]
        if self._settings.profile == "journal":
            return always
        staged = ["STAGED"] if self._settings.voucher.writer == "staging" else []
        return [*always, "VOUCHERS", "SUSPECTS", "VOUCHER_LINES", *staged]

    async def _queries(self) -> None:
        good = 0
        for name in self._used():
            there = self._settings.query(name)
            try:
                await self._client.query(name, [(prompt, self._sample(prompt)) for prompt in QUERIES[name].prompts], 1)
            except ConnectorError as error:
                self._found.failed(f"query {there}", error, f"Run {there} in Query Viewer with the same prompts.")
            else:
                good += 1
        if good == len(self._used()):
            self._found.say("ok", "queries", checked(good, "query"))

    def _sample(self, prompt: str) -> str:
        """A value for a prompt, used to see whether a query runs."""
        today = self._client.calls.server_now().date().isoformat()
        known = {"SETID": self._settings.setid, "VENDOR_SETID": self._settings.setid, "FIELDNAME": "DEPTID", "GROSS_AMT": "0"}
        known |= {"JOURNAL_DATE": today, "ACCOUNT": "0", "MONETARY_AMOUNT": "0"}
        known |= {"AS_OF": today, "INVOICE_DT": today, "REF": "ST-NONE", "VENDOR_ID": "0", "BUSINESS_UNIT": "?"}
        return known.get(prompt, "")

    async def _operations(self) -> None:
        try:
            rows = await listed(self._client, "SERVICE_OPERATIONS", {})
        except (QueryAbsent, Inactive):
            await self._probed()
            return
        for state in states(rows, required(self._settings)):
            subject = f"operation {state.name}"
            if state.is_good:
                self._found.say("ok", subject, "version, routing and handler are active")
            elif not state.is_listed:
                self._found.say(
                    "error",
                    subject,
                    state.words,
                    "Provide the service as install/INSTALL.md says, or correct its name in the settings.",
                )
            else:
                tabs = "; ".join(_TABS[part] for part in state.inactive)
                self._found.say("error", subject, state.words, _ACTIVATE.format(tab=tabs))

    async def _probed(self) -> None:
        """Without the query: what can be seen from outside, and that the cause cannot be known."""
        there = self._settings.query("SERVICE_OPERATIONS")
        remedy = f"Install {there} to see version, routing and handler of each operation."
        names = ", ".join(required(self._settings))
        self._found.say(
            "warning", f"query {there}", f"absent: whether {names} are active cannot be told from the site's tables.", remedy
        )
        for interface in interfaces(self._settings):
            state = await probe(self._client, interface)
            if not state.is_good:
                self._found.say("error", f"service {state.name}", f"{state.name} gives no WSDL; the cause is not known.", remedy)

    async def _permissions(self) -> None:
        user = self._client.credentials.username.get_secret_value()
        there = self._settings.query("PERMISSIONS")
        wanted = [(name, "OPERATION") for name in required(self._settings)]
        wanted += [(name, "CI") for name in interfaces(self._settings)]
        try:
            rows = await listed(self._client, "PERMISSIONS", {"OPRID": user})
        except (QueryAbsent, Inactive):
            names = ", ".join(name for name, _ in wanted)
            words = (
                f"absent: whether the integration user may use {names} cannot be told; a missing one looks like a refused document."
            )
            self._found.say("warning", f"query {there}", words, f"Install {there}.")
            return
        granted = {(text(row, "OBJECT_NAME"), text(row, "OBJECT_KIND")) for row in rows if text(row, "AUTHORIZED") == "Y"}
        missing = [one for one in wanted if one not in granted]
        for name, kind in missing:
            remedy = f"Grant it in a permission list of the user: PeopleTools > Security > Permission Lists, {_NOBODY[kind]}, full access."
            what = "service operation" if kind == "OPERATION" else "methods of Component Interface"
            self._found.say("error", f"permission {name}", f"the integration user has no access to {what} {name}.", remedy)
        if not missing:
            self._found.say(
                "ok",
                "permissions",
                f"the integration user may use every operation and Component Interface that is needed ({len(wanted)})",
            )

    async def _interface(self, interface: str) -> None:
        """Compare the WSDL of an interface with the one that was accepted."""
        subject = f"WSDL {interface}"
        digest = (await fetched(self._client, interface)).digest
        accepted = self._settings.wsdl_hashes.get(interface, "")
        accept = f"Compare it with what the site's developers changed, then accept it: wsdl_hashes: {{{interface}: {digest}}}"
        if not accepted:
            self._found.say("error", subject, f"not accepted yet; its hash is {digest}.", accept)
        elif accepted != digest:
            self._found.say("error", subject, f"changed since it was accepted ({accepted[:12]}...); its hash is {digest}.", accept)
        else:
            self._found.say("ok", subject, f"as accepted, {digest[:12]}...")

    def _profile(self) -> None:
        """Settings that an accountant would question."""
        if self._settings.profile != "voucher":
            return
        basis = self._settings.voucher.amount_basis
        words = (
            f"profile voucher makes a customer's invoice a payable: AP grows by the {basis} of each sale and would be paid out,"
            " where a vendor's own bill may come as well."
        )
        remedy = "Use profile journal, unless Accounts Payable is meant to carry job cost; then agree it with the controller."
        if basis == "price":
            words += " At price, AP would even carry the margin."
        self._found.say("warning", "profile", words, remedy)


def open_checker(access: Access) -> _Checker:
    """A read-only session with one site."""
    return _Checker(Client(access))
