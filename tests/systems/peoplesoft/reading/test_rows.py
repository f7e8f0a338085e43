"""Rows as values: blanks, dates, amounts, effective dating, and what becomes of a row in our words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from runtime.errors import Malformed
from schemas.records import Raw
from services.ingress.pollers import feeds_of
from systems.connection import QuotaShares, Side
from systems.mapped import Canonical, Fetch, Filtered, Reading
from systems.peoplesoft.dating import in_force, is_active
from systems.peoplesoft.mapping import to_canonical
from systems.peoplesoft.query import address
from systems.peoplesoft.resources import FEEDS, QUERIES
from systems.peoplesoft.rows import amount, day, row_of
from systems.peoplesoft.settings import Settings

OWN = Settings(base_url="https://fin.acme.example:8443", instance_id="acme-fin", company_id="ACME")
READING = Reading("acme", "America/Chicago", "USD", OWN)
VENDOR = {"SETID": "SHARE", "VENDOR_ID": "0000000012", "NAME1": "Delta", "VENDOR_STATUS": "A", "LAST_MODIFIED_DATE": "2026-03-06"}
VENDOR |= dict.fromkeys(
    ["VENDOR_NAME_SHORT", "NAME2", "VENDOR_CLASS", "PYMNT_TERMS_CD", "ADDRESS1", "ADDRESS2", "CITY", "STATE"], " "
)
VENDOR |= dict.fromkeys(["POSTAL", "COUNTRY", "PHONE", "EMAILID", "DEFAULT_LOC"], " ")
ACCOUNT = {"SETID": "SHARE", "ACCOUNT": "1", "EFFDT": "2026-03-16", "EFF_STATUS": "A", "DESCR": "x", "ACCOUNT_TYPE": "R"}
PERIOD = {
    "BUSINESS_UNIT": "US001",
    "FISCAL_YEAR": "2026",
    "ACCOUNTING_PERIOD": "3",
    "BEGIN_DT": "2026-03-01",
    "END_DT": "2026-03-31",
}
PERIOD |= {"OPEN_GL": "Y", "OPEN_AP": "N", "PERIOD_KEY": "2026003"}


def raw(entity: str, body: Any, shape: str = "object", at: datetime = datetime(2026, 3, 16, 12, tzinfo=UTC)) -> Raw:
    return Raw(
        connection="acme",
        system="peoplesoft",
        entity=entity,
        source_id="x",
        source_version="",
        shape=shape,
        how="list",
        body=body if isinstance(body, bytes) else orjson.dumps(body),
        content_type="application/json",
        page_digest="",
        page_index=0,
        signature="none",
        received_at=at,
    )


def record(entity: str, row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The canonical record of a row."""
    (one,) = to_canonical(
        raw(entity, {"attr:rownumber": 1} | {f"A.{name}": value for name, value in (row | changes).items()}), READING
    )
    assert isinstance(one, Canonical), one
    return dict(one.record)


def test_blanks_at_both_ends_and_null_are_an_empty_text_and_the_alias_goes() -> None:
    assert row_of({"attr:rownumber": 1, "A.X": " ", "B.Y": "US001  ", "Z": None, "A.N": Decimal("12.50")}) == {
        "X": "",
        "Y": "US001",
        "Z": "",
        "N": "12.5",
    }


@pytest.mark.parametrize("value", [[], "x", None, {"A.X": "1", "B.X": "2"}, {"A.X": []}, {"A.X": {}}, {"A.X": True}])
def test_a_row_that_is_none_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        row_of(value)


@pytest.mark.parametrize("text", ["12.50", "-12.5", "0", "0.000", "12345678901234567890123.999"])
def test_an_amount_is_exactly_its_digits(text: str) -> None:
    assert amount({"M": text}, "M") == Decimal(text)


@pytest.mark.parametrize(
    "text", ["1,234.56", "1e3", "+1", ".5", "1.", "1.2345", "NaN", "Infinity", "١", "1 2", "--1", "0x1", "1" * 24]
)
def test_any_other_spelling_of_an_amount_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        amount({"M": text}, "M")


def test_a_date_has_its_day_and_nothing_else_is_one() -> None:
    assert day({"D": "2026-03-06"}, "D") == date(2026, 3, 6)
    assert day({"D": "2026-03-06-12.00.00.000000"}, "D") == date(2026, 3, 6)
    assert day({"D": ""}, "D") is None
    for text in ("06-MAR-26", "2026/03/06", "2026-02-30", "0000-00-00", "20260306", "2026-W10-1", "2026-03-061"):
        with pytest.raises(Malformed):
            day({"D": text}, "D")


def test_the_row_in_force_is_the_newest_that_is_not_of_the_future() -> None:
    rows = [
        {"V": "1", "EFFDT": "2026-03-17", "EFF_STATUS": "I"},
        {"V": "1", "EFFDT": "2026-03-16", "EFF_STATUS": "A"},
        {"V": "1", "EFFDT": "2000-01-01", "EFF_STATUS": "I"},
        {"V": "2", "EFFDT": "2026-03-17", "EFF_STATUS": "A"},
    ]
    found = in_force(rows, ("V",), date(2026, 3, 16))
    assert list(found) == [("1",)]
    assert is_active(found[("1",)])
    later = in_force(rows, ("V",), date(2026, 3, 17))
    assert (is_active(later[("1",)]), is_active(later[("2",)])) == (False, True)


def test_a_row_counts_from_its_day_at_the_database_on() -> None:
    """Noon in UTC of the 15th is the 16th in Auckland already."""
    body = {f"A.{name}": value for name, value in ACCOUNT.items()}
    there = Reading("acme", "America/Chicago", "USD", OWN.model_copy(update={"database_zone": "Pacific/Auckland"}))
    at = datetime(2026, 3, 15, 12, tzinfo=UTC)
    assert isinstance(to_canonical(raw("gl_account", body, at=at), there)[0], Canonical)
    assert isinstance(to_canonical(raw("gl_account", body, at=at), READING)[0], Filtered)


def test_a_vendor_keeps_class_and_status_and_only_approved_ones_are_active() -> None:
    found = record("vendor", VENDOR, VENDOR_CLASS="E", VENDOR_STATUS="E")
    assert (found["kind"], found["status"], found["active"]) == ("E", "E", False)
    assert record("vendor", VENDOR)["active"]
    assert record("vendor", VENDOR)["source_id"] == "SHARE/0000000012"


def test_a_vendor_never_carries_a_tax_id_nor_a_ref_of_ours() -> None:
    found = record("vendor", VENDOR, NAME2="ST-ABCDEFGHIJKLMNOPQRST")
    assert (found["tax_id"], found["origin_ref"]) == ("", None)


def test_a_field_that_changes_changes_the_hash_and_a_row_number_does_not() -> None:
    before = record("vendor", VENDOR)["content_hash"]
    body = {"attr:rownumber": 7} | {f"B.{name}": value for name, value in VENDOR.items()}
    (moved,) = to_canonical(raw("vendor", body), READING)
    assert isinstance(moved, Canonical)
    assert moved.record["content_hash"] == before
    for name in (
        "NAME1",
        "NAME2",
        "VENDOR_STATUS",
        "VENDOR_CLASS",
        "PYMNT_TERMS_CD",
        "ADDRESS1",
        "CITY",
        "POSTAL",
        "PHONE",
        "EMAILID",
    ):
        assert record("vendor", VENDOR, **{name: "N"})["content_hash"] != before, name


def test_a_period_says_what_is_open() -> None:
    found = record("period", PERIOD)
    assert (found["open_ledger"], found["open_payable"], found["open_receivable"]) == (True, False, True)
    assert (found["source_id"], found["code"]) == ("US001/2026003", "US001/2026-3")


@pytest.mark.parametrize(
    ("entity", "body"),
    [
        ("vendor", {f"A.{name}": value for name, value in VENDOR.items() if name != "VENDOR_STATUS"}),
        ("vendor", {f"A.{name}": value for name, value in (VENDOR | {"VENDOR_ID": " "}).items()}),
        ("vendor", {f"A.{name}": value for name, value in (VENDOR | {"LAST_MODIFIED_DATE": "soon"}).items()}),
        ("gl_account", {f"A.{name}": value for name, value in (ACCOUNT | {"EFFDT": "x"}).items()}),
        ("period", {f"A.{name}": value for name, value in (PERIOD | {"OPEN_GL": "?"}).items()}),
        ("vendor", b"[]"),
        ("vendor", b'{"A.NAME1": NaN}'),
        ("vendor", b'{"A.NAME1": "a", "A.NAME1": "b"}'),
        ("vendor", b'{"A.NAME1": "\\ud800"}'),
    ],
    ids=range(9),
)
def test_what_cannot_be_read_is_malformed(entity: str, body: Any) -> None:
    with pytest.raises(Malformed):
        to_canonical(raw(entity, body), READING)


def test_a_hint_is_looked_at_again_and_what_is_not_ours_is_filtered() -> None:
    assert to_canonical(raw("vendor", b"", shape="hint"), READING) == [Fetch("vendor", "x", "hint")]
    assert isinstance(to_canonical(raw("ledger", {"A.X": "1"}), READING)[0], Filtered)


# --- what is installed ---

INSTALL = Path("systems/peoplesoft/install")


def test_commas_divide_the_lists_and_are_not_encoded_while_values_are() -> None:
    url = address(OWN, "VENDORS", [("SETID", "SH R"), ("CHANGED_FROM", ""), ("LAST_VENDOR_ID", "a&b=c/é")], 500)
    assert url == (
        "https://fin.acme.example:8443/PSIGW/RESTListeningConnector/PSFT_EP/ExecuteQuery.v1/public/ML_VENDORS/WEBROWSET/NONFILE"
        "?isconnectedquery=N&maxrows=500&prompt_uniquepromptname=SETID,CHANGED_FROM,LAST_VENDOR_ID"
        "&prompt_fieldvalue=SH%20R,,a%26b%3Dc%2F%C3%A9&json_resp=true"
    )


def test_every_query_that_is_asked_for_can_be_installed_with_its_prompts_and_columns() -> None:
    found = {path.stem: yaml.safe_load(path.read_text()) for path in (INSTALL / "queries").glob("*.yaml")}
    assert set(found) == set(QUERIES)
    for name, query in QUERIES.items():
        told = found[name]
        assert told["name"] == f"ML_{name}"
        assert tuple(prompt["name"] for prompt in told["prompts"]) == query.prompts
        assert tuple(told["columns"]) == query.columns
        assert told["key"] == query.key
        assert told["assumed"], "names of records are marked"
        selected = told["sql"].partition("SELECT A.")[2]
        assert all(column in "A." + selected for column in query.columns), name
        assert not query.key or "ORDER BY" in told["sql"]
        assert all(f":{number}" in told["sql"] for number in range(1, len(query.prompts) + 1))


def test_every_query_is_in_the_guide_and_in_the_sites_contract() -> None:
    guide, contract = (INSTALL / "INSTALL.md").read_text(), Path("systems/peoplesoft/SYSTEM.md").read_text()
    for name, query in QUERIES.items():
        assert f"ML_{name}" in guide, name
        line = next(line for line in contract.splitlines() if line.startswith(f"| ML_{name} |"))
        prompts = [part.split()[0].rstrip(",") for part in line.split("|")[2].split(", ") if part.strip()[0].isupper()]
        assert [one for one in prompts if one in query.prompts][: len(query.prompts)] == list(query.prompts), name


def test_vendors_are_read_at_the_pace_of_the_connection() -> None:
    quota = QuotaShares(group="g", calls=60)
    own = {"base_url": "https://fin.acme.example", "instance_id": "acme-fin", "company_id": "ACME", "vendor_poll_s": 120}
    paced = {feed.name: feed.cadence for feed in feeds_of(Side(system="peoplesoft", settings=own, quota=quota))}
    plain = {feed.name: feed.cadence for feed in FEEDS}
    assert paced == plain | {"vendors": timedelta(minutes=2)}
