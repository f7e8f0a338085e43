"""A closed period is compared before the write, from the ERP's own list (accounting.md 36)."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from schemas.records import Period
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.follow import Followed
from services.sinks.gate import View, gate
from services.sinks.links import MemoryLinks
from tests.property.sinks.stand_ins import CODEC, Message
from tests.toy import TARGET, blank
from tests.unit.sinks.commands import command_at

COMMAND = command_at(1, "1", "a", "108.25")
MARCH = {"code": "03-2026", "starts_on": date(2026, 3, 1), "ends_on": date(2026, 3, 31)}


def entry(**more: Any) -> Any:
    return e.change(e.fresh(COMMAND), COMMAND.at, **{"purpose": "sale", "posting_date": date(2026, 3, 10), **more})


def followed(*periods: dict[str, Any]) -> Followed:
    made = Followed(CODEC, MemoryLinks(), frozenset({TARGET}))
    for number, period in enumerate(periods):
        record = blank("canonical.period") | {"connection": entry()["connection"], "system": TARGET, **MARCH, **period}
        value = CODEC.encode("canonical.period", "canonical.period", cast("Period", record))
        made.fold(cast("Any", Message(number, value, of="canonical.period")))
    return made


def _is_closed(made: Followed, one: Any) -> bool:
    return made.is_closed(one["connection"], (one["purpose"], one["record"]), one["posting_date"])


SHUT = {"open_receivable": False, "open_payable": True, "open_ledger": False}


@pytest.mark.parametrize(
    ("periods", "more", "is_closed"),
    [
        ([SHUT], {}, True),
        ([SHUT], {"purpose": "collection"}, True),
        ([SHUT], {"purpose": "payable"}, False),
        ([SHUT | {"open_receivable": True}], {"record": "journal"}, True),
        ([SHUT | {"open_ledger": True}], {"record": "journal"}, False),
        ([SHUT], {"posting_date": date(2026, 4, 1)}, False),
        ([SHUT], {"posting_date": None}, False),
        ([], {}, False),
        ([SHUT, {"code": "US002/03", "open_receivable": True}], {}, False),
    ],
)
def test_a_day_is_closed_where_the_list_has_it_and_no_period_of_it_is_open(
    periods: list[dict[str, Any]], more: dict[str, Any], is_closed: bool
) -> None:
    assert _is_closed(followed(*periods), entry(**more)) is is_closed


def test_a_document_of_a_closed_period_is_held_before_it_is_written() -> None:
    held = gate(entry(), COMMAND.command, View(COMMAND.at, is_closed=True))
    assert held is not None
    assert (held["state"], held["reason"], "2026-03-10" in held["detail"]) == (e.HELD, reasons.PERIOD_CLOSED, True)
    assert gate(entry(), COMMAND.command, View(COMMAND.at)) is None
    assert gate(entry(released=True), COMMAND.command, View(COMMAND.at, is_closed=True)) is None
    assert gate(entry(intent_attempt=1), COMMAND.command, View(COMMAND.at, is_closed=True)) is None
