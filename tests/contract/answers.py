"""The classes of answers to a write that every system has to class alike (docs/guarantees.md), as twists of the seam.

What a vendor's own refusals mean comes from `examples/answers/`; here is what holds for all: what was not sent, what was not answered,
what is no answer of the vendor at all, and answers that lie.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from runtime.exchange import NotSent, Request, Response, Unanswered, response
from runtime.simulator.faults import LOGIN_PAGE
from systems.contract import Verdict
from tests.contract.examples import Said
from tests.contract.ground import Case
from tests.contract.seam import Deliver, Twist

HTML = {"Content-Type": "text/html"}
OTHER_REF = "ST-ZZZZZZZZZZZZZZZZZZZZ"


def refused(answer: Response) -> Twist:
    """Answered before the write was taken."""

    async def twist(_: Request, __: Deliver) -> Response:
        return answer

    return twist


def changed(change: Callable[[Response], Response]) -> Twist:
    """Taken and done; the answer is another one."""

    async def twist(request: Request, deliver: Deliver) -> Response:
        return change(await deliver(request))

    return twist


async def not_sent(_: Request, __: Deliver) -> Response:
    """Nothing left."""
    raise NotSent("the name cannot be resolved")


async def unanswered_undone(_: Request, __: Deliver) -> Response:
    """It left and was lost on its way."""
    raise Unanswered("the connection was reset")


async def unanswered(request: Request, deliver: Deliver) -> Response:
    """It was done, and the answer was lost."""
    await deliver(request)
    raise Unanswered("the connection was reset")


def said(answer: Said) -> Twist:
    """Refused as an example tells it."""
    return refused(response(answer.status, answer.body, answer.headers))


def _page(status: int) -> Twist:
    return changed(lambda _: response(status, b"<html><body>Server Error</body></html>", HTML))


def _as_body(body: bytes) -> Twist:
    return changed(lambda answer: replace(answer, status=200, body=body))


def _half(answer: Response) -> Response:
    return replace(answer, body=answer.body[: len(answer.body) // 2]) if answer.body else response(502, b"", HTML)


GENERIC: dict[str, tuple[Verdict, Twist]] = {
    "not sent": (Verdict.DEFINITE_NO, not_sent),
    "401": (Verdict.DEFINITE_NO, refused(response(401))),
    "429": (Verdict.DEFINITE_NO, refused(response(429, b"", {"Retry-After": "7"}))),
    "lost on its way": (Verdict.AMBIGUOUS, unanswered_undone),
    "done and the answer lost": (Verdict.AMBIGUOUS, unanswered),
    "500 page": (Verdict.AMBIGUOUS, _page(500)),
    "502 page": (Verdict.AMBIGUOUS, _page(502)),
    "503 page": (Verdict.AMBIGUOUS, _page(503)),
    "504 page": (Verdict.AMBIGUOUS, _page(504)),
    "200 sign-in page": (Verdict.AMBIGUOUS, changed(lambda _: response(200, LOGIN_PAGE, HTML))),
    "200 half": (Verdict.AMBIGUOUS, changed(_half)),
}
"""Class of answer -> verdict. A write whose answer carries nothing but a status cannot tell `200 ...` from done: see `can_lie`."""

EMPTY: dict[str, Twist] = {
    "200 empty": _as_body(b""),
    "200 null": _as_body(b"null"),
    "200 {}": _as_body(b"{}"),
    "200 []": _as_body(b"[]"),
    "200 text": _as_body(b"OK"),
    "200 NaN": _as_body(b'{"amount": NaN}'),
}
"""Successes that show nothing of the document."""


def other_ref(case: Case) -> Callable[[Response], Response]:
    """The answer, with another ref wherever it shows ours."""
    return lambda answer: replace(answer, body=answer.body.replace(case.ref.encode(), OTHER_REF.encode()))


def less_money(case: Case) -> Callable[[Response], Response]:
    """The answer, with the document's amount a cent smaller wherever it stands; a master has none."""

    def change(answer: Response) -> Response:
        if not case.command["amount"]:
            return answer
        try:
            value = json.loads(answer.body, parse_float=Decimal, parse_int=Decimal)
        except ValueError:
            return _in_text(answer, case)
        less = _less(value, abs(case.command["amount"]))
        return answer if less == value else replace(answer, body=_dumped(less))

    return change


def _in_text(answer: Response, case: Case) -> Response:
    amount = abs(case.command["amount"])
    return replace(answer, body=answer.body.replace(f"{amount:.2f}".encode(), f"{amount - Decimal('0.01'):.2f}".encode()))


def _less(value: Any, amount: Decimal) -> Any:
    if isinstance(value, dict):
        return {name: _less(one, amount) for name, one in value.items()}
    if isinstance(value, list):
        return [_less(one, amount) for one in value]
    if isinstance(value, Decimal) and abs(value) == amount:
        return value - Decimal("0.01")
    if isinstance(value, str) and value.removeprefix("-") in (f"{amount:.2f}", f"{amount:.3f}"):
        return str(Decimal(value) - Decimal("0.01"))
    return value


def _dumped(value: Any) -> bytes:
    """JSON with every digit of a Decimal."""
    marked = json.dumps(value, default=lambda number: f"\x00{number}\x00")
    return marked.replace('"\\u0000', "").replace('\\u0000"', "").encode()
