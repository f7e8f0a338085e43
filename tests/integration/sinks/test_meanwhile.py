"""What is decided, linked or applied while no sink runs counts when one starts: nothing waits for a word that was spoken already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.ingress.stage import eventually
from tests.integration.sinks.stage import QUOTA, Stage
from tests.integration.sinks.test_posting import CUSTOMER, INVOICE

pytestmark = pytest.mark.kafka


def mapped_again(stage: Stage) -> list[bytes | None]:
    """Canonical records that were sent to be mapped again."""
    return [message.value() for message in stage.messages("remap")]


def test_a_pause_that_ended_meanwhile(stage: Stage) -> None:
    stage.control("pause")
    stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "WAITING paused"})
    stage.control("resume", at=datetime.now(UTC))
    with stage.running():
        stage.until({"1": "POSTED"})


def test_a_pause_that_goes_on(stage: Stage) -> None:
    stage.control("pause")
    stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "WAITING paused"})
    stage.command("ar_invoice", "2")
    with stage.running():
        stage.until({"1": "WAITING paused", "2": "WAITING paused"})
    assert not stage.erp.journal


def test_a_partner_that_was_linked_meanwhile(stage: Stage) -> None:
    stage.command("ar_invoice", "1", parents=[CUSTOMER])
    with stage.running():
        stage.until({"1": "WAITING parent"})
    stage.link("customer", "c1", "CUST7")
    with stage.running():
        stage.until({"1": "POSTED"})


def test_a_customer_that_was_matched_meanwhile(stage: Stage) -> None:
    stage.command("customer", "c1")
    stage.command("ar_invoice", "1", parents=[CUSTOMER])
    with stage.running():
        stage.until({"c1": "HELD create_missing", "1": "WAITING parent"})
    stage.link("customer", "c1", "CUST7")
    with stage.running():
        stage.until({"c1": "UNCHANGED linked", "1": "POSTED"})


def test_a_parent_that_comes_late_after_a_start(stage: Stage) -> None:
    """The child was held at its deadline by the sink before; it still hears of its parent."""
    stage.connect(parent_deadline_s=1)
    stage.command("ar_receipt", "p", parents=[INVOICE])
    with stage.running():
        stage.until({"p": "HELD parent_missing"})
    with stage.running():
        stage.command("ar_invoice", "2")
        stage.until({"2": "POSTED", "p": "HELD parent_missing"})
        stage.command("ar_invoice", "1")
        stage.until({"1": "POSTED", "p": "POSTED"})


def test_a_flow_that_went_live_meanwhile(stage: Stage) -> None:
    stage.connect(mode="shadow")
    stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "WAITING shadow"})
    stage.connect()
    stage.flush()
    with stage.running():
        stage.until({"1": "POSTED"})


def test_a_connection_that_joins_other_systems_is_no_concern_of_this_sink(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Told of it, the sinks of the first system once failed, and those of the others were not told at all."""

    def other(**more: Any) -> None:
        stage.connect("other", erp={"system": "peoplesoft", "settings": {}, "quota": QUOTA}, **more)
        stage.control("resume", connection="other", at=datetime.now(UTC))

    other()
    with stage.running():
        stage.control("pause")
        stage.command("ar_invoice", "1")
        stage.until({"1": "WAITING paused"})
        other(mode="shadow")
        stage.control("resume")
        stage.until({"1": "POSTED"})
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def test_a_mapping_that_was_mended_meanwhile(stage: Stage) -> None:
    """The held command is mapped again at the next start, and at none after that."""
    stage.command("ar_invoice", "1", unresolved=["business_unit=east"], canonical=b"as it was")
    with stage.running():
        stage.until({"1": "HELD unmapped"})
    assert mapped_again(stage) == []
    stage.connect()
    stage.flush()
    with stage.running():
        eventually(lambda: mapped_again(stage), lambda seen: seen == [b"as it was"])
    for number in ("2", "3"):
        stage.command("ar_invoice", number)
        with stage.running():
            stage.until({number: "POSTED"})
    assert mapped_again(stage) == [b"as it was"]


def test_a_mapping_that_was_mended_while_the_command_lay_in_the_log(stage: Stage) -> None:
    """It was mapped by the settings before; by those in force it is mapped once, whatever comes of it."""
    stage.command("ar_invoice", "1", unresolved=["business_unit=east"], canonical=b"as it was")
    stage.connect()
    stage.flush()
    with stage.running():
        eventually(lambda: mapped_again(stage), lambda seen: seen == [b"as it was"])
        stage.until({"1": "HELD unmapped"})
        stage.command("ar_invoice", "1", unresolved=["business_unit=east"], canonical=b"as it is")
        stage.command("ar_invoice", "2")
        stage.until({"1": "HELD unmapped", "2": "POSTED"})
    assert mapped_again(stage) == [b"as it was"]
