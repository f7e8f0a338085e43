"""Proves the settings of a NetSuite connection by using them: one line for each subject, with what to do. Reads only.

It checks everything that can be read without writing: what the role can read, the values of settings and tables (`check_values.py`), today's period,
the clock of SuiteQL, the end of the certificate, and whether numbers or our external ids were used twice. REST shows neither preferences (mandatory
departments, duplicate warnings) nor the right to create (assumed), so these are covered by a warning or show with the first document.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from runtime.errors import Broken, ConnectorError, Refused, Throttled
from runtime.exchange import NotSent, Unanswered
from systems.checks import Findings
from systems.contract import Access, Finding
from systems.mapped import Crosswalk
from systems.netsuite.check_values import Values
from systems.netsuite.client import LIMITS, Client, TooMany
from systems.netsuite.mapping_sightings_shape import day
from systems.netsuite.models import truth
from systems.netsuite.resources import SOURCES, stamp
from systems.netsuite.wall import wall
from systems.values.members import text

ENDS_SOON = timedelta(days=30)
_CLOCK = timedelta(minutes=5)
_CLOCK_QUERY = f"SELECT {stamp('SYSDATE', 'now')} FROM account t WHERE t.id = (SELECT MIN(id) FROM account)"  # noqa: S608 - constant
_TYPES = {
    "ap_bill": ("purchaseOrder", "vendorBill"),
    "ap_credit": ("vendorCredit",),
    "ar_invoice": ("invoice",),
    "ar_credit_memo": ("creditMemo",),
    "ar_receipt": ("customerPayment", "customerDeposit"),
    "ar_refund": ("customerRefund",),
    "journal": ("journalEntry",),
    "customer": ("customer",),
    "vendor": ("vendor",),
}
"""The record types that a command writes."""
_READ = ("vendors", "customers", "purchase_orders", "departments", "accounts", "periods")
_SIDES = {"receivables": "arlocked", "payables": "aplocked"}


class _Checker:
    """A read-only session. See `systems.contract.Checker`."""

    def __init__(self, client: Client, writes: frozenset[str]) -> None:
        self._client, self._writes = client, writes
        self._found = Findings()

    async def check(self, crosswalk: Crosswalk) -> Sequence[Finding]:
        """All findings, good ones included."""
        self._found = Findings()
        self._certificate()
        if not await self._signed_in():
            return tuple(self._found)
        values = Values(self._client, self._found)
        parts: tuple[tuple[Callable[[], Awaitable[None]], str], ...] = (
            (self._clock, "SuiteAnalytics Workbook"),
            (self._limits, "SuiteAnalytics Workbook"),
            (self._reading, "Lists and Transactions, level View"),
            (self._writing, "the transactions and lists that it writes, level Edit"),
            (self._periods, "Manage Accounting Periods, level View"),
            (self._numbers, "Find Transaction"),
            *((partial(part, crosswalk), "Lists, level View") for part in values.parts),
        )
        for part, permission in parts:
            await self._guarded(part, permission)
        return tuple(self._found)

    async def close(self) -> None:
        """End the session."""
        await self._client.close()

    async def _signed_in(self) -> bool:
        settings = self._client.settings
        try:
            await self._client.calls.sign_in.ensure()
            await self._client.page("SELECT t.id FROM account t ORDER BY t.id ASC", "accounts", 1)
        except Throttled as error:
            remedy = "Lower `quota.at_once`, or try again; if it stays, see the Login Audit Trail: the login itself may be refused."
            self._found.say("error", "limit", str(error), remedy)
        except (NotSent, Unanswered) as error:
            self._found.failed("reachability", error, f"Check base_url {settings.base_url} and the way to it.")
        except (Broken, Refused) as error:
            self._found.failed(
                "sign-in", error, "Give the role REST Web Services, SuiteAnalytics Workbook and its sign-in's permission."
            )
        except ConnectorError as error:
            self._found.failed("sign-in", error, "Try again; if it stays, ask the administrator of the account.")
        else:
            self._found.say("ok", "sign-in", f"{settings.sign_in} at {settings.base_url}, account {settings.account}")
            if settings.sign_in == "token":
                words = (
                    "token-based authentication takes no new integration as of 2027.1 and ends with 2028.2 (announced by Oracle)."
                )
                self._found.say("warning", "sign-in", words, "Move to sign_in assertion before.")
            return True
        return False

    async def _guarded(self, part: Callable[[], Awaitable[None]], permission: str) -> None:
        """Run one part of the check. Its error becomes a finding that names the required permission, and the other parts go on."""
        try:
            await part()
        except TooMany as error:
            self._found.failed("reading", error, error.remedy)
        except (Broken, Refused) as error:
            words = error.words if isinstance(error, Broken) else str(error)
            self._found.say("error", "rights", words, f"Give the role {permission}.")
        except ConnectorError as error:
            self._found.failed("reading", error, "Try again later.")

    # --- the certificate ----------------------------------------------------------------------------------------------

    def _certificate(self) -> None:
        """Whether the private key belongs to the certificate, and when the certificate expires."""
        credentials = self._client.credentials
        if self._client.settings.sign_in != "assertion":
            return
        pem = credentials.certificate.get_secret_value()
        if not pem:
            words = "the certificate is not among the credentials, so its expiry date is not known."
            self._found.say("warning", "certificate", words, "Add `certificate` (the public PEM that was uploaded).")
            return
        try:
            found = x509.load_pem_x509_certificate(pem.encode())
            key = load_pem_private_key(credentials.private_key.get_secret_value().encode(), None)
        except (ValueError, TypeError) as error:
            self._found.say("error", "certificate", f"it cannot be read ({type(error).__name__}).", "Apply it as PEM.")
            return
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if found.public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
            self._found.say(
                "error", "certificate", "private_key is not the key of this certificate.", "Apply those that belong together."
            )
        self._end(found.not_valid_after_utc)

    def _end(self, until: datetime) -> None:
        now, remedy = self._client.clock.now(), "Upload a new certificate, map it, and apply its certificate_id and private_key."
        if until <= now:
            self._found.say("error", "certificate", f"it has ended on {until.date()}.", remedy)
        elif until - now <= ENDS_SOON:
            self._found.say("warning", "certificate", f"it ends on {until.date()}, in {(until - now).days} days.", remedy)
        else:
            self._found.say("ok", "certificate", f"it ends on {until.date()}")

    # --- the account --------------------------------------------------------------------------------------------------

    async def _clock(self) -> None:
        """SuiteQL has to read and show times in the zone of the settings. Otherwise windows of change would begin too late."""
        zone = self._client.settings.time_zone
        rows = await self._client.rows(_CLOCK_QUERY, "clock")
        shown, here = (text(rows[0], "now") if rows else ""), wall(self._client.calls.server_now(), zone)
        try:
            apart = abs(datetime.fromisoformat(shown) - datetime.fromisoformat(here))
        except ValueError:
            apart = timedelta.max
        if apart > _CLOCK:
            words = f"SuiteQL shows {shown or 'no time'}, in {zone} it is {here}."
            self._found.say("error", "time zone", words, "Set time_zone to the preference of the integration's user.")
        else:
            self._found.say("ok", "time zone", f"SuiteQL shows times of {zone}")

    async def _limits(self) -> None:
        """The limit of simultaneous requests, which only administrators may read."""
        try:
            found = await self._client.get(LIMITS, "governance limits")
        except (Refused, Broken):
            self._found.say(
                "ok", "limit", "the role may not read the account's limit of simultaneous requests; `quota.at_once` counts"
            )
            return
        limit = found.get("accountConcurrencyLimit", found.get("accountLimit"))
        self._found.say("ok", "limit", f"the account has {limit if limit is not None else 'no told'} simultaneous requests")

    async def _reading(self) -> None:
        missing = []
        for name in _READ:
            try:
                await self._client.page(SOURCES[name].query([]), name, 1)
            except (Broken, Refused) as error:
                missing.append(name)
                words = error.words if isinstance(error, Broken) else str(error)
                self._found.say("error", "rights", words, f"Give the role View of {name.replace('_', ' ')}.")
        if not missing:
            self._found.say("ok", "reading", f"{', '.join(name.replace('_', ' ') for name in _READ)} can be read")

    async def _writing(self) -> None:
        """Whether the role can read each record type that it has to write. Whether it may create them shows only with the first document."""
        kinds = list(dict.fromkeys(kind for record in sorted(self._writes) for kind in _TYPES.get(record, ())))
        refused = []
        for kind in kinds:
            try:
                await self._client.get(f"/services/rest/record/v1/{kind}?limit=1&offset=0", kind)
            except (Broken, Refused) as error:
                refused.append(kind)
                words = error.words if isinstance(error, Broken) else str(error)
                self._found.say("error", "rights", words, f"Give the role {kind}, level Edit.")
        if kinds and not refused:
            self._found.say("ok", "writing", f"the role sees {', '.join(kinds)}")

    async def _periods(self) -> None:
        today = wall(self._client.calls.server_now(), self._client.settings.time_zone)[:10]
        rows = await self._client.rows(SOURCES["periods"].query([]), "periods")
        now = [
            row
            for row in rows
            if not truth(row, "isadjust") and str(day(row, "startdate") or "") <= today <= str(day(row, "enddate") or "")
        ]
        if not now:
            self._found.say(
                "error", "period", f"no period covers {today}.", "Set up the year (Setup > Accounting > Manage Periods)."
            )
            return
        name, is_shut = text(now[0], "periodname"), truth(now[0], "closed") or truth(now[0], "alllocked")
        locked = [side for side, flag in _SIDES.items() if is_shut or truth(now[0], flag)]
        if locked:
            words = f"today's period {name} is closed or locked for {' and '.join(locked)}."
            self._found.say("error", "period", words, "Open it, or documents of these days are held.")
        else:
            self._found.say("ok", "period", f"today's period {name} is open")

    async def _numbers(self) -> None:
        """Signs of duplicates in the books: whether one of our external ids, or a vendor's bill number, was used twice."""
        query = (
            "SELECT t.externalid, COUNT(*) AS times FROM transaction t WHERE t.externalid LIKE 'ST-%' "
            "GROUP BY t.externalid HAVING COUNT(*) > 1 ORDER BY t.externalid ASC"
        )
        twice = await self._client.rows(query, "external ids")
        if twice:
            words = f"{len(twice)} external ids of ours are there more than once, such as {text(twice[0], 'externalid')}."
            self._found.say("error", "duplicates", words, "Find out how they came; the account has to refuse a second one.")
        else:
            self._found.say("ok", "duplicates", "no external id of ours is there twice")
        query = (
            "SELECT t.entity, t.tranid, COUNT(*) AS times FROM transaction t WHERE t.type = 'VendBill' AND t.tranid IS NOT NULL "
            "GROUP BY t.entity, t.tranid HAVING COUNT(*) > 1 ORDER BY t.entity ASC, t.tranid ASC"
        )
        bills, _ = await self._client.page(query, "bill numbers")
        if count := len(bills.rows):
            words = f"{count}{' or more' if bills.has_more else ''} bill numbers of a vendor are there more than once."
            remedy = "Set Duplicate Number Warnings for bills if a number shall count once (Setup > Accounting > Accounting Preferences)."
            self._found.say("warning", "duplicates", words, remedy)


def open_checker(access: Access) -> _Checker:
    """A read-only session with one account."""
    return _Checker(Client(access), access.writes)
