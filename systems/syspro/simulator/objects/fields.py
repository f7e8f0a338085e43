"""Reads the elements of an item: dates, amounts, widths and codes, each with the words for its errors.

Source: two message numbers of the samples (100028, 100030), widths of the columns. Assumed: every other number, and that a text that is too long is
refused and not cut, which is the stricter of the two.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from systems.syspro.simulator.company import Company, day, number
from systems.syspro.simulator.posting import Outcome
from systems.syspro.simulator.reading import Part
from systems.syspro.spec import tables

GL_COMPANY = "A"
"""The company of the ledger codes."""


def amount(outcome: Outcome, item: Part, element: str, places: int = 2, *, is_required: bool = False) -> Decimal:
    """A number of an item, 0 if it is absent."""
    text = item[element]
    if not text:
        if is_required:
            outcome.blank(element)
        return Decimal(0)
    found = number(text, places)
    if found is None:
        outcome.no_number(element, text)
    return Decimal(0) if found is None else found


def date_of(outcome: Outcome, item: Part, element: str, otherwise: date) -> date:
    """A date of an item; `otherwise` if it is absent."""
    text = item[element]
    found = day(text) if text else otherwise
    if found is None:
        outcome.no_date(element, text)
    return found or otherwise


def fits(outcome: Outcome, item: Part, element: str, width: int) -> str:
    """A text of an item, which must not be longer than `width`."""
    text = item[element]
    if len(text) > width:
        outcome.wrong(element, text, 100031, f"Value '{text}' of XML element '{element}' is longer than {width} characters")
    return text


def all_fit(outcome: Outcome, item: Part, table: str) -> None:
    """Check every text against the column of its name, if the table has one."""
    for column in tables()[table]:
        if column.name in item.texts and column.kind == "char":
            fits(outcome, item, column.name, column.width)


def ledger_code(outcome: Outcome, company: Company, element: str, code: str) -> bool:
    """Whether a ledger code can be posted to: it exists, is not on hold and is not a control account."""
    row = company.row("GenMaster", GL_COMPANY, code)
    if row is None:
        outcome.wrong(element, code, 140001, f"Ledger code '{code}' not found")
    elif row["AccOnHldFlag"] == "Y":
        outcome.wrong(element, code, 140002, f"Ledger code '{code}' is on hold")
    elif row["ControlAccFlag"] == "Y":
        outcome.wrong(element, code, 140003, f"Ledger code '{code}' is a control account")
    else:
        return True
    return False


def known(outcome: Outcome, company: Company, element: str, code: str, where: tuple[str, str]) -> None:
    """Require a code to be in its table; `where` is the table and the word for the code."""
    if not code:
        outcome.blank(element)
    elif company.row(where[0], code) is None:
        outcome.wrong(element, code, 100032, f"{where[1]} '{code}' not found")
