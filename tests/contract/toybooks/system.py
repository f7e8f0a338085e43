"""The toy's declaration, mapping and writer: a bill is one line of text, and the server refuses a second one of our ref (C1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from runtime.errors import Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from schemas.records import CommandEnvelope
from systems import registry
from systems.contract import (
    Access,
    Answer,
    Capability,
    Document,
    Feed,
    Finding,
    Flow,
    Found,
    Page,
    ResolvedCommand,
    System,
    Verdict,
    Write,
)
from systems.mapped import Crosswalk, Draft, NoCommand, Plan
from systems.postings.document import Target
from systems.postings.ends import voided


class Settings(BaseModel):
    """The toy's books."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str = Field("http://127.0.0.1:1", description="Address.")
    instance_id: str = Field("toy-1", description="Our name of the instance.")
    company_id: str = Field("toy", description="Company.")

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.url,)


class Credentials(BaseModel):
    """One token."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    token: SecretStr = Field(description="Token. Example: t")


def to_commands(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """A bill is a bill; one that is cancelled is held, for the books take nothing back."""
    if entity != "bill":
        return []
    if ended := voided(record, Target("T1", "payable", "Toy books"), plan.time_zone):
        return ended
    body = {
        "date": record["bill_date"],
        "human_number": record["number"],
        "lines": [],
        "dimensions": {"vendor": record["vendor_id"]},
    }
    body |= {"description": "", "due_date": None, "terms": "", "tax_total": record["tax"], "pay_hold": False}
    total, currency, day = record["total"], record["currency"], record["bill_date"]
    return [Draft("ap_bill", body, "T1", "payable", amount=total, currency=currency, posting_date=day)]


class Writer:
    """See `systems.contract.Writer`."""

    def __init__(self, access: Access) -> None:
        assert isinstance(access.settings, Settings)
        self._url, self._access = f"{access.settings.url}/bills", access

    async def reserve(self, calls: int) -> None:
        await self._access.limiter.take(calls)

    async def find(self, resolved: ResolvedCommand) -> Found:
        command = resolved.command
        wanted = {
            "ref": command["ref"],
            "party": _party(command),
            "date": str(command["posting_date"]),
            "amount": _text(command["amount"]),
        }
        try:
            answer = await self._access.transport.send(Request("GET", f"{self._url}?{urlencode(wanted)}"), 10)
        except (NotSent, Unanswered) as error:
            raise Transient(str(error)) from error
        lines = answer.body.decode().splitlines()
        found = [_document(one, command) for one in lines[:-1]]
        if answer.status != 200 or lines[-1:] != ["end"] or None in found:
            raise Transient(f"toybooks: {answer.status}")
        known = [one for one in found if one is not None]
        suspects = [one for one in known if not one.ref]
        return Found(tuple(one for one in known if one.ref == command["ref"]), tuple(suspects))

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        command = resolved.command
        line = f"{command['ref']};{_text(command['amount'])};{_party(command)};{command['posting_date']};end"
        try:
            answer = await self._access.transport.send(self._posting(line), 10)
        except NotSent as error:
            return Answer(Verdict.DEFINITE_NO, words=str(error))
        except Unanswered as error:
            return Answer(Verdict.AMBIGUOUS, words=str(error))
        return _classed(answer, command)

    def _posting(self, line: str) -> Request:
        return Request("POST", self._url, {"Content-Type": "text/plain"}, line.encode())

    async def close(self) -> None:
        await self._access.transport.close()


class WriterByGet(Writer):
    """The same, where a GET writes."""

    def _posting(self, line: str) -> Request:
        return Request("GET", f"{self._url.removesuffix('bills')}post?{urlencode({'line': line})}")


def is_post(request: Request) -> bool:
    """What counts as a write then."""
    return "/post?" in request.url


def _classed(answer: Response, command: CommandEnvelope) -> Answer:
    code = str(answer.status)
    if answer.status in (401, 429):
        return Answer(Verdict.DEFINITE_NO, code=code, throttled=answer.status == 429)
    if answer.status in (409, 422):
        return Answer(Verdict.DUPLICATE if answer.status == 409 else Verdict.REJECT, code=code)
    shown = _document(answer.body.decode(errors="replace"), command) if answer.status == 200 else None
    if shown is None or shown.ref != command["ref"] or shown.differences or not answer.body.endswith(b"\n"):
        return Answer(Verdict.AMBIGUOUS, code=code)
    return Answer(Verdict.YES, shown)


def _document(line: str, command: CommandEnvelope) -> Document | None:
    parts = line.rstrip("\n").split(";")
    try:
        ref, amount, number, *_, end = parts
        theirs = Decimal(amount)
    except (ValueError, InvalidOperation):
        return None
    if end != "end" or len(parts) != 6:
        return None
    differences = () if theirs == command["amount"] else (f"amount: {theirs}, {command['amount']}",)
    return Document(number, number, ref if ref.startswith("ST-") else "", theirs, "USD", ("post",), differences)


def _party(command: CommandEnvelope) -> str:
    return str(command["dimensions"]["vendor"])  # type: ignore[typeddict-item]  # a field of the record, not of the envelope


def _text(amount: Decimal) -> str:
    return f"{amount:.2f}"


class Session:
    """Reader and checker in one: the toy has no feeds, and is asked for a bill that nobody has."""

    def __init__(self, access: Access) -> None:
        assert isinstance(access.settings, Settings)
        self._url, self._transport = f"{access.settings.url}/bills", access.transport

    async def page(self, feed: Feed, position: str) -> Page:
        raise AssertionError("the toy has no feeds")

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        raise AssertionError("the toy has nothing to fetch")

    async def check(self, crosswalk: Crosswalk) -> Sequence[Finding]:
        asked = urlencode({"ref": "ST-NOBODY", "party": "-", "date": "-", "amount": "-"})
        try:
            answer = await self._transport.send(Request("GET", f"{self._url}?{asked}"), 10)
        except (NotSent, Unanswered) as error:
            return [Finding("error", "address", f"nobody answers: {error}", "Correct url.")]
        return [Finding("ok" if answer.body == b"end\n" else "error", "address", f"answers {answer.status}")]

    async def close(self) -> None:
        await self._transport.close()


SYSTEM = System(
    name="toybooks",
    title="Toy books",
    settings=Settings,
    credentials=Credentials,
    feeds=(),
    fetchable={},
    writes=(Write("ap_bill", "Bill", ("post",), "post", Capability.C1, "ref", 23, calls=2, p_max=timedelta(seconds=60)),),
    flows=(Flow("T1", "bills", registry.FIELD_SERVICE, "toybooks", "bill", ("ap_bill",), "payable"),),
    to_canonical=lambda _, __: [],
    to_commands=to_commands,
    open_reader=Session,
    open_writer=Writer,
    open_checker=Session,
    simulator="tests.contract.toybooks.books",
    demo="tests.contract.toybooks.demo",
)
