"""Names of every script: what is equal, what is only alike, and what says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.matching.propose import proposals
from console.matching.score import LIKELY, Master, folded, score

HOME = Master("1", "", "12 Oak Street", "", "Austin", "TX", "78701", "(512) 555-0101")


def pair(ours: str, theirs: str) -> tuple[Master, Master]:
    """Two masters of these names at one address."""
    return replace(HOME, name=ours), replace(HOME, id="C1", name=theirs, street="12 OAK ST.")


def verdict(ours: Master, theirs: Master) -> str:
    (proposal,) = proposals("customer", [ours], [theirs], {})
    return proposal.verdict


DIFFERENT = [
    ("Иван Петров", "Анна Сидорова"),
    ("王伟", "李娜"),
    ("田中太郎", "鈴木花子"),
    ("محمد علي", "فاطمة حسن"),
    ("की", "का"),
    ("Ελένη", "Γιώργος"),
    ("김철수", "이영희"),
    ("Øre & Son", "Re & Son"),
    ("Acme", "Аcme"),
    ("José", "Jose"),
    ("A+ Plumbing", "A Plumbing"),
    ("***", "+++"),
    ("...", "---"),
    ("", ""),
    ("", "Smith"),
    ("\u200b", "\u200b"),
    ("🔧", "🔥"),
    ("აბგ", "დევ"),
    ("АСМЕ", "ACME"),
    ("İstanbul", "ıstanbul"),
    ("カ", "ガ"),
    ("한국", "한글"),
    ("陈", "陳"),
    ("مُحَمَّد", "محمود"),
    ("♡", "♥"),
    ("\u3164", "\u3164"),
    ("\u2800", "\ufeff"),
    ("№5", "№6"),
    ("५", "5"),
    ("Smith 1", "Smith I"),
]
SAME = [
    ("ИВАН ПЕТРОВ", "Иван Петров"),
    ("王伟", "王伟"),
    ("JOHN SMITH, INC.", "john smith incorporated"),
    ("Straße Co", "STRASSE COMPANY"),
    ("José", "Jose\u0301"),
    ("ＡＣＭＥ", "Acme"),
    ("Acme\u00a0Heating", "Acme  Heat\u00ading"),
    ("Smith, John", "John Smith"),
    ("აბგ", "ᲐᲑᲒ"),
    ("ΟΔΟΣ", "οδος"),
    ("ｶﾞ", "ガ"),
    ("O’Brien", "O'Brien"),
    ("A\u200bc\u2060me", "Acme"),
]


@pytest.mark.parametrize(("ours", "theirs"), DIFFERENT)
def test_different_names_at_one_address_are_never_exact(ours: str, theirs: str) -> None:
    """Two Cyrillic or Chinese names folded to nothing, were equal, and were linked by --accept-exact."""
    assert verdict(*pair(ours, theirs)) != "exact"
    assert verdict(*pair(theirs, ours)) != "exact"


@pytest.mark.parametrize(("ours", "theirs"), SAME)
def test_one_name_in_two_spellings_is_exact(ours: str, theirs: str) -> None:
    assert verdict(*pair(ours, theirs)) == "exact"


def test_streets_that_say_nothing_are_no_address() -> None:
    ours, theirs = (replace(one, street="---", city="", zip="") for one in pair("Ann Li", "Ann Li"))
    assert not score(ours, theirs).exact


@pytest.mark.parametrize(("ours", "theirs"), [("улица Ленина 1", "улица Мира 1"), ("北京路", "南京路")])
def test_streets_of_every_script_count(ours: str, theirs: str) -> None:
    one, other = pair("Ann Li", "Ann Li")
    assert not score(replace(one, street=ours), replace(other, street=theirs)).exact


def test_postal_codes_of_other_countries_are_compared_whole() -> None:
    one, other = pair("Ann Li", "Ann Li")
    assert not score(replace(one, zip="K1A 0B1"), replace(other, zip="K1A 0B2")).exact
    assert score(replace(one, zip="78701-1234"), replace(other, zip="787015678")).exact


REFERENCE = replace(HOME, id="C1", name="John Smith", external_ref="1")


@pytest.mark.parametrize(
    ("changes", "is_exact"),
    [
        ({}, True),
        ({"phone": "512 555 9999"}, True),
        ({"street": "900 Elm Road", "zip": "10001", "city": "Troy"}, True),
        ({"name": "Mary Jones"}, False),
        ({"name": ""}, False),
        ({"name": "Mary Jones", "street": "900 Elm Road", "phone": "512 555 9999"}, False),
        ({"street": "900 Elm Road", "city": "Troy", "zip": "10001", "phone": "512 555 9999"}, False),
        ({"phone": "512 555 9999", "email": "other@example.com"}, False),
        ({"tax_id": "99-9999999"}, False),
    ],
)
def test_a_reference_that_the_rest_contradicts_is_at_most_likely(changes: dict[str, str], is_exact: bool) -> None:
    ours = replace(HOME, name="John Smith", email="john@example.com", tax_id="11-1111111")
    theirs = replace(REFERENCE, email="john@example.com", **changes) if "email" not in changes else replace(REFERENCE, **changes)
    found = score(ours, theirs)
    assert found.exact is is_exact
    assert found.value >= LIKELY
    assert verdict(ours, theirs) == ("exact" if is_exact else "likely")


@pytest.mark.parametrize("empty", ["", " ", "\u200b"])
def test_an_empty_reference_names_nobody(empty: str) -> None:
    ours, theirs = replace(HOME, id=empty, code=empty, name="John"), replace(HOME, id="C1", name="Mary", external_ref=empty)
    assert not score(ours, theirs).exact


NAMES = st.text(max_size=10)


@given(NAMES, NAMES)
def test_exact_names_are_equal_after_folding_and_say_something(ours: str, theirs: str) -> None:
    if score(*pair(ours, theirs)).exact:
        assert sorted(folded(ours).split()) == sorted(folded(theirs).split()) != []
