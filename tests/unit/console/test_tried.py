"""With which books a trial of two simulators begins."""

from __future__ import annotations

from console.demo.tried import switches


def test_a_trial_begins_with_new_books_but_for_customers_who_are_never_created() -> None:
    """An invoice of a trial customer could not be posted: nobody made the customer, and there was none to match."""
    assert switches("servicetitan")["customers"] == "12"
    assert switches("acumatica")["customers"] == "0"
    assert switches("oracle_fusion")["customers"] == "200"
    assert switches("oracle_fusion")["closed"] == "", "a period that nobody opens"
    assert switches("netsuite")["locked"] == "", "a period that nobody unlocks"
