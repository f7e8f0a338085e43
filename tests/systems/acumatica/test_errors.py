"""The table of refusals: every row by an answer as the vendor gives it; what is in no row is ambiguous."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from runtime.errors import Broken, Refused, Throttled, Transient
from runtime.exchange import Response, response
from systems.acumatica.errors import TABLE, classify, refused_read
from systems.contract import Verdict

JSON = {"Content-Type": "application/json; charset=utf-8"}


def said(status: int, text: str, kind: str = "PX.Data.PXException") -> Response:
    body = {"message": "An error has occurred.", "exceptionMessage": text, "exceptionType": kind, "stackTrace": "   at PX.Secret"}
    return response(status, json.dumps(body).encode(), JSON)


CASES = [
    (said(500, "Error: API Login Limit. The number of concurrent API logins"), Verdict.DEFINITE_NO, "sessions"),
    (response(429, b"API requests per minute", {"Content-Type": "text/plain"}), Verdict.DEFINITE_NO, "throttled"),
    (response(302, b"", {"Location": "/Frames/Error.aspx?message=x"}), Verdict.DEFINITE_NO, "sessions"),
    (response(401), Verdict.DEFINITE_NO, "signed_out"),
    (said(403, "You have insufficient rights to access the Bills form."), Verdict.DEFINITE_NO, "rights"),
    (said(404, "No endpoint"), Verdict.DEFINITE_NO, "endpoint"),
    (said(412, "exists"), Verdict.DUPLICATE, "exists"),
    (
        said(500, "Another process has updated the 'ARInvoice' record. Your changes will be lost."),
        Verdict.DEFINITE_NO,
        "concurrency",
    ),
    (said(500, "The financial period '01-2026' is closed in the company calendar."), Verdict.REJECT, "period_closed"),
    (said(500, "Document with the same vendor reference 'X' already exists"), Verdict.REJECT, "vendor_ref_duplicate"),
    (said(500, "The payment 000012 is deposited."), Verdict.REJECT, "deposited"),
    (said(500, "The payment 000012 is reconciled."), Verdict.REJECT, "reconciled"),
    (said(422, "The payment 000012 was refunded; void the refund first."), Verdict.REJECT, "refunded"),
    (said(500, "No entity satisfies the condition.", "PX.Api.ContractBased.X"), Verdict.REJECT, "gone"),
    (said(500, "Document Status is invalid for processing."), Verdict.REJECT, "status"),
    (said(400, "bad"), Verdict.REJECT, "request"),
    (response(422, b'{"CustomerOrder":{"value":"1","error":"too long"}}', JSON), Verdict.REJECT, "refused"),
    (said(500, "Inserting 'Invoice' record raised at least one error.", "PX.Data.PXOuterException"), Verdict.REJECT, "refused"),
    (said(500, "not in the dictionary", "System.Collections.Generic.KeyNotFoundException"), Verdict.REJECT, "request"),
]


def test_every_row_of_the_table_has_a_case() -> None:
    assert len(CASES) == len(TABLE)


@pytest.mark.parametrize(("answer", "verdict", "reason"), CASES, ids=[f"{verdict}-{reason}" for _, verdict, reason in CASES])
def test_a_refusal_is_classed_with_its_own_words(answer: Response, verdict: Verdict, reason: str) -> None:
    found = classify(answer)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert found.words
    assert "PX.Secret" not in found.words  # no stack trace


@pytest.mark.parametrize(
    "answer",
    [
        response(500, b"<html>Server Error</html>", {"Content-Type": "text/html"}),
        response(502, b"", {}),
        response(503, b"busy", {"Content-Type": "text/plain"}),
        response(500, b'{"exceptionType":"System.Data.SqlClient.SqlException","exceptionMessage":"Timeout expired"}', JSON),
        response(500, b'{"exceptionType"', JSON),
        response(418, b"", {}),
    ],
)
def test_what_the_table_does_not_know_is_ambiguous(answer: Response) -> None:
    assert classify(answer).verdict is Verdict.AMBIGUOUS


def test_words_of_fields_come_with_their_path_and_are_shortened() -> None:
    body = {
        "Vendor": {"value": "X", "error": "cannot be found"},
        "Details": [{}, {"Account": {"error": "z" * 900}}],
        "error": "whole",
    }
    words = classify(response(422, json.dumps(body).encode(), JSON)).words
    assert words.startswith("whole; Vendor: cannot be found; Details[2]/Account: zzz")
    assert len(words) == 400


def test_a_wait_that_was_asked_for_is_kept() -> None:
    answer = response(429, b"", {"Retry-After": "17"})
    assert classify(answer).retry_after == timedelta(seconds=17)
    error = refused_read(answer, "x")
    assert isinstance(error, Throttled)
    assert error.retry_after_s == 17


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said(403, "no right"), Broken),
        (said(500, "Optimization cannot be performed."), Refused),
        (said(500, "Another process has updated the 'X' record."), Transient),
        (response(502), Transient),
        (response(302, b"", {"Location": "/Frames/Error.aspx"}), Throttled),
    ],
)
def test_a_refused_read_says_what_happens_next(answer: Response, kind: type[Exception]) -> None:
    assert type(refused_read(answer, "Customer")) is kind


def test_a_good_read_is_none_of_it() -> None:
    assert refused_read(response(200), "x") is None
    assert refused_read(response(204), "x") is None
