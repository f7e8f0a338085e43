"""The validator itself: that it sees what contradicts the document, and says what the document leaves out."""

from __future__ import annotations

from typing import Any

import orjson

from runtime.simulator.openapi import Exchange, Reading, Validator
from systems.acumatica.spec import openapi
from systems.acumatica.spec.validation import validator
from tests.systems.acumatica.simulator.world import BASE

_SPEC = validator()
GUID = "9252aa94-178a-456b-9267-4d3818452a19"


def exchange(
    answer: Any, method: str = "GET", path: str = f"{BASE}/Invoice/Invoice/000001", status: int = 200, **query: str
) -> Exchange:
    """An exchange whose request is beyond reproach."""
    sent = b'{"Customer":{"value":"X"}}' if method == "PUT" else b""
    return Exchange(method, path, {f"${name}": value for name, value in query.items()}, sent, status, orjson.dumps(answer))


def test_a_true_answer_has_no_problems() -> None:
    custom = {"Document": {"UsrX": {"type": "CustomStringField", "value": "1"}}}
    answer = {
        "id": GUID,
        "Amount": {"value": 10.1},
        "Terms": {},
        "Details": [{"Qty": {"value": 1}}],
        "custom": custom,
        "_links": {},
    }
    assert _SPEC.problems(exchange(answer)) == []
    assert _SPEC.problems(exchange([answer], path=f"{BASE}/Invoice", top="5")) == []


def test_a_wrong_type_a_wrong_form_and_an_unnamed_member_are_seen() -> None:
    for answer, words in (
        ({"Amount": {"value": "10.1"}}, "data.Amount.value must be number"),
        ({"id": "5"}, "data.id must be uuid"),
        ({"Date": {"value": "2026-03-01"}}, "data.Date.value must be date-time"),
        ({"Amunt": {"value": 10.1}}, "Amunt"),
        ({"Details": [{"Acount": {}}]}, "Acount"),
        ([], "must be object"),
    ):
        (problem,) = _SPEC.problems(exchange(answer))
        assert words in problem


def test_requests_are_held_against_the_document_too() -> None:
    wrong = Exchange("PUT", f"{BASE}/Invoice", {"$orderby": "Date"}, b'{"Customer":"X"}', 200, b"{}")
    assert [problem.split(": ", 1)[1] for problem in _SPEC.problems(wrong)] == [
        "the query option '$orderby' is not in the document",
        "data.Customer must be object",
    ]
    assert _SPEC.problems(Exchange("PUT", f"{BASE}/Invoice", {}, b"nonsense", 400, b'{"message":"The request is invalid."}')) == []


def test_a_body_that_is_not_json_or_is_missing_is_a_problem() -> None:
    page = Exchange("GET", f"{BASE}/Invoice", {}, b"", 200, b"<html></html>")
    assert "not JSON" in _SPEC.problems(page)[0]
    assert _SPEC.problems(Exchange("GET", f"{BASE}/Invoice", {}, b"", 200, b"")) == ["GET /Invoice response 200: no body"]


def test_what_the_document_does_not_cover_is_counted() -> None:
    fresh = validator()
    assert fresh.problems(Exchange("GET", "/entity", {}, b"", 200, b"{}")) == []
    assert fresh.problems(exchange({}, status=429)) == []
    assert dict(fresh.uncovered) == {"GET /entity": 1, "GET /Invoice/{ids} -> 429": 1}


def test_an_open_reading_lets_unnamed_members_pass() -> None:
    loose = Validator(openapi(), Reading(base=BASE, spanning=frozenset({"ids"}), is_closed=False))
    assert loose.problems(exchange({"Amunt": {"value": 10.1}})) == []


def test_nullable_and_enumerations_of_other_documents_are_read() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "nullable": True}, "b": {"enum": ["x"]}}, "required": ["a"]}
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}
    paths = {"/t/{id}": {"get": {"responses": {"default": answer}}}}
    small = Validator({"paths": paths, "components": {"schemas": {"T": schema}}})
    assert small.problems(Exchange("GET", "/t/1", {}, b"", 200, b'{"a":null,"b":"x"}')) == []
    assert len(small.problems(Exchange("GET", "/t/1", {}, b"", 200, b'{"b":"x"}'))) == 1
    assert len(small.problems(Exchange("GET", "/t/1", {}, b"", 200, b'{"a":"","b":"y"}'))) == 1
    assert small.problems(Exchange("GET", "/t/1/2", {}, b"", 200, b"")) == []
