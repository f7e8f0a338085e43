"""The first match with a system that lists no masters, shown on the toy: it is asked for each of ours by name or number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from console.matching.asking import Answers, ask
from console.matching.masters import Masters
from console.matching.propose import Proposal
from console.matching.score import Master
from console.matching.summary import hindrances, open_proposals
from runtime.errors import Malformed, Throttled, Transient
from runtime.json import canonical_bytes, parse
from schemas.records import Raw
from systems.contract import Element, Page, System
from systems.mapped import Canonical, Normalised, Reading
from tests import toy as toys
from tests.contract import examples, test_declarations
from tests.contract.conftest import Declare

BOOKS: Mapping[str, Mapping[str, Any]] = {
    "C-1": {"name": "Jane Smith", "code": "1001", "street": "12 Elm St", "zip": "60601", "phone": "312 555 0101"},
    "C-2": {"name": "Bob Ray", "code": "77", "street": "9 Oak Ave", "zip": "60602", "phone": "312 555 0102"},
    "C-3": {"name": "Gone Ltd", "code": "78", "active": False},
    "C-4": {"name": "Other Corp", "code": "5003"},
}
OURS = [
    Master("1001", "Smith, Jane", "12 Elm St", zip="60601", phone="312 555 0101"),
    Master("1002", "Bob Ray", "9 Oak Ave", zip="60602", phone="312 555 0102", external_ref="C-2"),
    Master("1003", "Gone Ltd"),
    Master("1004", "Nobody There"),
    Master("1005", "Linked Inc"),
]


@dataclass
class Asked:
    """The toy's books, which list nobody: whoever has the name, or one of the numbers as code or id."""

    books: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: BOOKS)
    questions: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    body: bytes = b""
    error: Exception | None = None

    async def find(self, entity: str, name: str, numbers: Sequence[str]) -> Page:
        self.questions.append((entity, name, tuple(numbers)))
        if self.error is not None:
            raise self.error
        found = [key for key, one in self.books.items() if one["name"] == name or {key, one["code"]} & set(numbers)]
        elements = [Element(key, "", self.body or canonical_bytes({"id": key, **self.books[key]})) for key in found]
        return Page(tuple(elements), "", more=False, digest="")

    async def close(self) -> None:
        """Nothing is open."""


def to_canonical(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    body = parse(raw["body"])
    if "id" not in body:
        raise Malformed("no id")
    made = toys.blank(f"canonical.{raw['entity']}") | {"active": True, **body, "source_id": body["id"], "system": raw["system"]}
    return [Canonical(raw["entity"], made)]


@pytest.fixture
def system(declared: Declare) -> System:
    return declared(to_canonical=to_canonical, asked_for=("customer",), open_finder=lambda access: Asked())


def ours(linked: Mapping[str, str] | None = None) -> dict[str, Masters]:
    known = Masters(list(OURS), linked=dict(linked or {"1005": "C-9"}), ours_read=len(OURS))
    return {"customer": known, "vendor": Masters()}


def reading(system: System) -> Reading:
    return examples.connected(system).readings[system.name]


async def test_each_of_ours_without_a_partner_is_asked_for_by_name_and_numbers(system: System) -> None:
    finder, masters = Asked(), ours()
    heard = await ask(finder, system, reading(system), masters)
    assert finder.questions == [
        ("customer", "Smith, Jane", ("1001",)),
        ("customer", "Bob Ray", ("C-2", "1002")),
        ("customer", "Gone Ltd", ("1003",)),
        ("customer", "Nobody There", ("1004",)),
    ]
    settings = examples.connected(system).settings
    assert hindrances(settings, heard.added(masters)) == {"vendor": f"{system.name} has no vendors: there is nothing to match"}
    made = {p.source.id: (p.verdict, p.target.id if p.target else "") for p in proposed(settings, masters)}
    assert (made["1002"], made["1003"], made["1004"]) == (("exact", "C-2"), ("none", ""), ("none", ""))
    assert made["1001"][1] == "C-1"
    assert "1005" not in made


def proposed(settings: Any, masters: dict[str, Masters]) -> list[Proposal]:
    return open_proposals(masters, hindrances(settings, masters))


async def test_what_was_heard_is_known_at_every_reading_once(system: System) -> None:
    heard = await ask(Asked(), system, reading(system), ours())
    for masters in (ours(), ours({"1002": "C-2", "1005": "C-9"})):
        twice = heard.added(heard.added(masters))
        assert [one.id for one in twice["customer"].theirs] == ["C-1", "C-2"]
    assert Answers().added(ours())["customer"].theirs == []


@pytest.mark.parametrize("error", [Transient("down"), Throttled("later")])
async def test_who_could_not_be_asked_for_is_not_taken_to_be_absent(system: System, error: Exception) -> None:
    with pytest.raises(type(error)):
        await ask(Asked(error=error), system, reading(system), ours())


async def test_an_answer_that_cannot_be_read_ends_the_match(system: System) -> None:
    with pytest.raises(Transient, match=r"toybooks: customer C-1: the answer cannot be read: no id"):
        await ask(Asked(body=b"{}"), system, reading(system), ours())


@pytest.mark.parametrize("changes", [{"asked_for": ("customer",)}, {"open_finder": lambda access: Asked()}])
def test_whom_to_ask_for_and_how_go_together(declared: Declare, changes: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="go together"):
        test_declarations.check_settings(declared(**changes))
    test_declarations.check_settings(replace(declared(), asked_for=("customer",), open_finder=lambda access: Asked()))
