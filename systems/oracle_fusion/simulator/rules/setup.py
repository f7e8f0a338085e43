"""What every receivables document is checked against: business unit, source, customer and site, currency, terms. Words of refusals are assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runtime.simulator.records import Row
from runtime.simulator.switches import names
from systems.oracle_fusion.simulator.answers import Refused, bad, missing
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.seed.company import UNIT_IDS
from systems.oracle_fusion.simulator.seed.customers import KIND as SITES
from systems.oracle_fusion.simulator.seed.receivables import CLASSES, ENDED_NAMES, SOURCES, TERM_DAYS


def require(draft: Mapping[str, Any], wanted: Iterable[str]) -> None:
    """Raise 400 with a detail for every attribute that is empty."""
    problems = missing(name for name in wanted if draft.get(name) in (None, "", []))
    if problems:
        raise Refused(400, *problems)


def refuse_derived(draft: Mapping[str, Any], derived: Iterable[str]) -> None:
    """Raise 400 for an attribute that only the pod sets."""
    for name in draft:
        if name in derived:
            raise bad(f"The attribute {name} cannot be set.", "JBO-27008", name)


def refuse_unit(pod: Pod, unit: str) -> None:
    """Raise 400 for a business unit that does not exist or that the user may not use."""
    visible = names(pod.settings.business_units)
    if unit not in UNIT_IDS or (visible and unit not in visible):
        raise bad(f"The business unit {unit} is not valid.", "AR-855012", "BusinessUnit")


def numbers_itself(pod: Pod, source: str) -> bool:
    """Whether a transaction source assigns numbers; raises 400 if it does not exist or has ended."""
    known = dict(SOURCES)
    if source not in known or source in ENDED_NAMES:
        raise bad(f"The transaction source {source} is not valid.", "AR-855013", "TransactionSource")
    automatic = known[source]
    return pod.settings.numbering == "automatic" if automatic is None else automatic


def refuse_type(name: str, classes: tuple[str, ...]) -> None:
    """Raise 400 for a transaction type that does not exist, has ended or has another class."""
    if CLASSES.get(name) not in classes or name in ENDED_NAMES:
        raise bad(f"The transaction type {name} is not valid.", "AR-855014", "TransactionType")


def days_of(term: str) -> int:
    """The days of payment terms; raises 400."""
    if term not in TERM_DAYS or term in ENDED_NAMES:
        raise bad(f"The payment terms {term} are not valid.", "AR-855015", "PaymentTerms")
    return TERM_DAYS[term]


def refuse_currency(pod: Pod, currency: str, attribute: str) -> None:
    """Raise 400 for a currency other than the ledger's, because conversion rates are not simulated."""
    if currency != pod.settings.currency:
        raise bad(f"The currency {currency} needs a conversion rate.", "AR-855016", attribute)


def site_of(pod: Pod, number: str, name: str | None, site: str | None) -> Row:
    """The bill-to site of an active customer account; with several sites one has to be named. Raises 400."""
    rows = pod.rows_with(SITES, "AccountNumber", number) if number else []
    if not rows or not rows[0]["_active"] or (name and name != rows[0]["CustomerName"]):
        raise bad(f"The customer account {number} is not valid.", "AR-855017", "BillToCustomerNumber")
    fitting = [row for row in rows if site in (None, row["BillToSiteNumber"])]
    if len(fitting) != 1:
        words = (
            f"The bill-to site {site} is not one of customer account {number}."
            if site
            else f"The customer account {number} has several bill-to sites."
        )
        raise bad(words, "AR-855018", "BillToSite")
    return fitting[0]
