"""Compares the values of settings and mapping tables with the account's own lists: departments, classes, locations, accounts, items, terms, payment
methods, subsidiaries, vendors and customers. Reads only, by SuiteQL. Tax items, which have no SuiteQL table (assumed), come from the record service.

Facts: a value has to be active, and to serve the documents' subsidiary: either directly, or through a higher one that includes its children. Accounts
that only sum up other accounts take no postings. Departments that exist and that nobody names are reported too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from runtime.errors import Refused
from systems.checks import Findings, Judged, named, of_settings
from systems.mapped import Crosswalk
from systems.netsuite.client import Client
from systems.netsuite.models import Row, is_id, truth
from systems.netsuite.resources import listed
from systems.values.members import text

SEGMENTS = {"department": "department", "class": "classification", "location": "location"}
"""Dimensions, with their tables."""
_SEGMENT_TABLES = ("business_unit", "job_type", "cost_line", "line_type")
_UNTOLD = ("location", "item")
"""Tables that do not say whether a value also serves the children of its subsidiaries. It is taken to do so."""
_SHOWN = 8
Part = Callable[[Crosswalk], Awaitable[None]]


@dataclass(frozen=True)
class Kind:
    """A kind of value: its word, the table and name column in NetSuite, whether it serves only certain subsidiaries, and whether it may be a summary.
    For a kind with many values (`is_long`), only the values that somebody names are read."""

    word: str
    table: str
    name: str = "t.name"
    is_shared: bool = False
    is_summing: bool = False
    is_long: bool = False


_ACCOUNT = Kind("account", "account", "t.accountsearchdisplayname", is_shared=True, is_summing=True, is_long=True)
_ITEM = Kind("item", "item", "t.itemid", is_shared=True, is_long=True)
_VENDOR = Kind("vendor", "vendor", "t.entityid", is_long=True)
_CUSTOMER = Kind("customer", "customer", "t.entityid", is_long=True)


class Values:
    """The comparison of one check. `parts` are its pieces; if one fails, the others still run."""

    def __init__(self, client: Client, found: Findings) -> None:
        self._client, self._found = client, found
        self._own = client.settings.subsidiary
        self._above: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The pieces, in their order."""
        return (
            self._subsidiaries,
            self._segments,
            self._accounts,
            self._items,
            self._terms,
            self._methods,
            self._parties,
            self._taxes,
        )

    # --- lists --------------------------------------------------------------------------------------------------------

    async def _rows(self, kind: Kind, ids: Collection[str] | None = None) -> dict[str, Row]:
        columns = ["t.id", f"{kind.name} AS name", "t.isinactive"]
        columns += ["t.subsidiary"] if kind.is_shared and self._own else []
        columns += ["t.includechildren"] if kind.is_shared and self._own and kind.table not in _UNTOLD else []
        columns += ["t.issummary"] if kind.is_summing else []
        where = f" WHERE t.id IN ({listed(ids)})" if ids is not None else ""
        query = f"SELECT {', '.join(columns)} FROM {kind.table} t{where} ORDER BY t.id ASC"  # noqa: S608 - ids alone
        return {text(row, "id"): row for row in await self._client.rows(query, kind.word)}

    async def _compare(self, kind: Kind, wanted: Mapping[str, str], *, is_segment: bool = False) -> dict[str, Row]:
        """Compare named values with a list. For a segment it also says what each value is called. If a segment of a table does not exist or is
        inactive, the default of the settings replaces it (`segments.py`), so that nothing is refused for it."""
        asked = list(filter(is_id, wanted)) if kind.is_long else list(wanted)
        known = await self._rows(kind, asked if kind.is_long else None) if asked else {}

        def judge(value: str, source: str) -> Judged | None:
            row = known.get(value)
            lenient = "warning" if is_segment and not source.startswith("settings.") else "error"
            if row is None:
                some = ", ".join(f"{key} {text(one, 'name')}" for key, one in list(known.items())[:_SHOWN])
                there = "" if kind.is_long else f"; there are: {some or 'none'}"
                return Judged(lenient, f"{kind.word} {value} of {source} is not in NetSuite{there}.", f"Correct {source}.")
            fault = self._fault(row)
            level = lenient if truth(row, "isinactive") else "error"
            words = f"{kind.word} {value} ({text(row, 'name')}) of {source} {fault}."
            return Judged(level, words, f"Correct {source}, or change it in NetSuite.") if fault else None

        self._found.compare(kind.word, wanted, judge)
        if is_segment and wanted:
            names = ", ".join(f"{value} is {text(known[value], 'name')}" for value in sorted(wanted, key=len) if value in known)
            self._found.say("ok", kind.word, names or "none is named")
        return known

    def _fault(self, row: Row) -> str:
        if truth(row, "isinactive"):
            return "is inactive"
        if truth(row, "issummary"):
            return "only sums up others"
        serves = {one.strip() for one in text(row, "subsidiary").split(",")} - {""}
        reaches = self._own in serves or (truth(row, "includechildren", absent=True) and bool(serves & set(self._above)))
        if self._own and serves and not reaches:
            return f"does not serve subsidiary {self._own}"
        return ""

    # --- pieces -------------------------------------------------------------------------------------------------------

    async def _subsidiaries(self, crosswalk: Crosswalk) -> None:
        """Whether the account is a OneWorld account, as the settings say, and whether every subsidiary exists and takes entries."""
        query = "SELECT t.id, t.name, t.parent, t.isinactive, t.iselimination FROM subsidiary t ORDER BY t.id ASC"
        try:
            rows = {text(row, "id"): row for row in await self._client.rows(query, "subsidiary")}
        except Refused:
            rows = {}
        wanted = ({self._own: "settings.subsidiary"} if self._own else {}) | named(crosswalk, (("business_unit", "subsidiary"),))
        if not self._own and len(rows) > 1:
            words = f"the account has {len(rows)} subsidiaries, and settings.subsidiary is empty: documents would name none."
            self._found.say("error", "subsidiary", words, "Set subsidiary.")
        self._above = self._parents(rows, self._own)

        def judge(value: str, source: str) -> Judged | None:
            row = rows.get(value)
            if row is None:
                return Judged(
                    "error",
                    f"subsidiary {value} of {source} is not in NetSuite.",
                    f"Correct {source}, or give the role that subsidiary.",
                )
            if truth(row, "isinactive") or truth(row, "iselimination"):
                return Judged(
                    "error", f"subsidiary {value} ({text(row, 'name')}) of {source} takes no entries.", f"Correct {source}."
                )
            return None

        self._found.compare("subsidiary", wanted, judge)

    @staticmethod
    def _parents(rows: Mapping[str, Row], own: str) -> tuple[str, ...]:
        found: list[str] = []
        above = text(rows.get(own, {}), "parent")
        while above and above not in found:
            found.append(above)
            above = text(rows.get(above, {}), "parent")
        return tuple(found)

    async def _segments(self, crosswalk: Crosswalk) -> None:
        defaults = self._client.settings.defaults
        standard = {"department": defaults.department, "class": defaults.classification, "location": defaults.location}
        for column, table in SEGMENTS.items():
            source = f"settings.defaults.{'classification' if column == 'class' else column}"
            wanted = ({standard[column]: source} if standard[column] else {}) | named(
                crosswalk, tuple((one, column) for one in _SEGMENT_TABLES)
            )
            known = await self._compare(Kind(column, table, "t.fullname", is_shared=True), wanted, is_segment=True)
            unused = [text(row, "name") for key, row in known.items() if key not in wanted and not self._fault(row)]
            if unused:
                self._found.say(
                    "ok", column, f"named by no table: {', '.join(unused[:_SHOWN])}{', ...' if len(unused) > _SHOWN else ''}"
                )
        if not defaults.department:
            words = (
                "defaults.department is empty: what no row maps is posted without a department, and refused where one is mandatory."
            )
            self._found.say("warning", "department", words, "Set defaults.department.")

    async def _accounts(self, crosswalk: Crosswalk) -> None:
        settings = self._client.settings
        wanted = {
            **of_settings("payables.", settings.payables, ("cost_account", "payable_account")),
            **of_settings("receivables.", settings.receivables, ("receivable_account", "clearing_account")),
            **of_settings("labor.", settings.labor, ("cost_account", "applied_account")),
        }
        columns = (
            ("cost_line", "account"),
            ("payment_type", "account"),
            ("payment_type", "refund_account"),
            ("pay_type", "account"),
            ("pay_type", "applied_account"),
        )
        await self._compare(_ACCOUNT, wanted | named(crosswalk, columns))

    async def _items(self, crosswalk: Crosswalk) -> None:
        fields = ("sales_item", "discount_item", "tax_item", "rounding_item")
        wanted = of_settings("receivables.", self._client.settings.receivables, fields)
        columns = (("line_type", "item"), ("cost_line", "item"), ("tax_zone", "item"), ("business_unit", "sales_item"))
        await self._compare(_ITEM, wanted | named(crosswalk, columns))

    async def _terms(self, crosswalk: Crosswalk) -> None:
        settings = self._client.settings
        wanted = of_settings("payables.", settings.payables, ("terms",)) | of_settings(
            "receivables.", settings.receivables, ("terms",)
        )
        await self._compare(
            Kind("payment term", "term"), wanted | named(crosswalk, (("term", "terms"), ("customer_class", "terms")))
        )

    async def _methods(self, crosswalk: Crosswalk) -> None:
        await self._compare(Kind("payment method", "paymentmethod"), named(crosswalk, (("payment_type", "payment_method"),)))

    async def _parties(self, crosswalk: Crosswalk) -> None:
        own = of_settings("payables.", self._client.settings.payables, ("clearing_vendor",))
        columns = (("business_unit", "clearing_vendor"), ("order_vendor", "vendor_id"), ("sku_vendor", "vendor_id"))
        await self._compare(_VENDOR, own | named(crosswalk, columns))
        await self._compare(_CUSTOMER, named(crosswalk, (("bill_to", "customer"), ("business_unit", "customer"))))

    async def _taxes(self, crosswalk: Crosswalk) -> None:
        wanted = named(crosswalk, (("tax_zone", "tax_code"), ("customer_class", "tax_zone")))
        known = {value: await self._client.read_at("salesTaxItem", value) for value in wanted if is_id(value)}

        def judge(value: str, source: str) -> Judged | None:
            row = known.get(value)
            return (
                None
                if row is not None
                else Judged("error", f"tax item {value} of {source} is not in NetSuite.", f"Correct {source}.")
            )

        self._found.compare("tax item", wanted, judge)
