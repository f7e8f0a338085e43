"""Journals of the general ledger: an import file is submitted as a job, the job is polled until it ends, and its report is read line by line.

Facts (public clients, REST API for Financials): `journalBatches` cannot be created. `importBulkData` of `erpintegrations` answers with ReqstId. The
finders ESSJobStatusRF, ESSExecutionDetailsRF (a JSON text with the child jobs) and ESSJobExecutionDetailsRF (the output, zipped, as Base64) describe
a job. A parent may be SUCCEEDED although a child job ended in WARNING. A job is found only by its number; a batch by its name, which begins with our
ref (assumed: REFERENCE1). A journal is done only when every line is in the batch as it was wanted and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runtime.errors import Malformed, Refused
from runtime.exchange import Request, Response
from runtime.json import parse
from runtime.wire import dumps
from systems.contract import Answer, Document, Found
from systems.oracle_fusion import journal_file as f
from systems.oracle_fusion.client import Client
from systems.oracle_fusion.documents import cents
from systems.oracle_fusion.looking import Looking
from systems.oracle_fusion.models import Row, quoted, record
from systems.oracle_fusion.validation import Validation
from systems.values.members import money_or_zero, required_id, text
from systems.values.numbers import whole
from systems.writing.differences import Line, differs, lines_differ
from systems.writing.frame import Attempt, ambiguous

STEPS = ("submit", "imported", "posted")
JOURNAL, JOBS, BATCHES = "journal", "erpintegrations", "journalBatches"
HEADERS, LINES = "journalHeaders", "journalLines"
CALLS = 4 + 2 * 2 + 4
"""The calls of a look-up: three requests about the job, the batch, two journals with up to a thousand lines, and the combinations."""
FAILED, REJECTED, REPORT = "import_failed", "import_rejected", "import_report"
"""Names of holds."""
_GOOD = "SUCCEEDED"
_ENDED = (
    "SUCCEEDED",
    "WARNING",
    "ERROR",
    "ERROR MANUAL RECOVERY",
    "CANCELED",
    "CANCELLED",
    "EXPIRED",
    "FINISHED",
    "VALIDATION FAILED",
)


@dataclass(frozen=True)
class Job:
    """The state of an import job: whether it has ended, and why its document is held ("" = the job is good)."""

    has_ended: bool
    words: str = ""
    reason: str = ""


class Importing:
    """The look-ups and requests of one session about journals."""

    def __init__(self, client: Client, looking: Looking, validation: Validation) -> None:
        self._client, self._looking, self._validation = client, looking, validation

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt) -> Found:
        """The batch with our ref and, if its number is known, the job that made it."""
        if found := await self.shown(attempt):
            return Found(tuple(found))
        accounts = list(dict.fromkeys(one["account"] for _, one in f.lines_of(self._journals(attempt))))
        on = self._journals(attempt)[-1].day
        refusal = await self._validation.accounts(attempt, accounts, on)
        return Found((), refusal=refusal, refusal_reason="account_combination" if refusal else "")

    async def shown(self, attempt: Attempt) -> Sequence[Document]:
        """The document, as job and batch show it. Several batches are several documents."""
        condition = f"BatchName like {quoted(f'{attempt.ref} %')}"
        rows = [
            row
            for row in await self._looking.rows(attempt, BATCHES, condition, [("expand", f"{HEADERS}.{LINES}")])
            if text(row, "BatchName").split(" ", 1)[0] == attempt.ref
        ]
        number = attempt.document.erp_id if attempt.document is not None else attempt.resolved.known_id
        if number in {required_id(row, "JeBatchId") for row in rows}:
            number = ""  # the job of a batch that was found without its number is not known
        job = await self._job(attempt, number) if number else None
        if not rows:
            return [] if job is None else [_told(attempt, number, number, job)]
        return [await self._batch(attempt, row, number, job) for row in rows]

    async def _batch(self, attempt: Attempt, row: Row, number: str, job: Job | None) -> Document:
        """The batch, line by line. If it is complete although the import rejected lines, a person has fixed them."""
        wrong: list[str] = []
        held: list[Line] = []
        for header in await self._looking.child(attempt, row, HEADERS):
            wrong += differs("currency", text(header, "CurrencyCode"), attempt.resolved.command["currency"])
            day = text(header, "AccountingDate")
            held += [_their_line(day, one) for one in await self._looking.child(attempt, header, LINES)]
        wrong += lines_differ(held, (f.wanted_line(journal, one) for journal, one in f.lines_of(self._journals(attempt))))
        if job is not None and job.reason == REJECTED and not wrong:
            job = Job(has_ended=True)
        is_clear = job is None or (job.has_ended and not job.words)
        done = 1 + is_clear + (is_clear and self._is_posted(row))
        made = _told(attempt, number or required_id(row, "JeBatchId"), text(row, "BatchName"), job)
        return replace(made, steps_done=STEPS[:done], differences=tuple(wrong))

    def _is_posted(self, row: Row) -> bool:
        return not self._client.settings.ledger.require_posted or text(row, "Status").upper() == "P"

    def _journals(self, attempt: Attempt) -> list[f.Journal]:
        return f.journals_of(attempt.resolved)

    # --- the job ------------------------------------------------------------------------------------------------------

    async def _job(self, attempt: Attempt, number: str) -> Job:
        """The state of a job. Raises `Malformed` if it cannot be read."""
        state = text(await self._asked(attempt, "ESSJobStatusRF", f"requestId={number}"), "RequestStatus").upper()
        if not state:
            raise Malformed(f"job {number}: RequestStatus is empty")
        if state not in _ENDED:
            return Job(has_ended=False)
        below = await self._below(attempt, number)
        try:
            files = await self._asked(attempt, "ESSJobExecutionDetailsRF", f"requestId={number},fileType=OUT")
            report = f.report_in(text(files, "DocumentContent"))
        except (Malformed, Refused) as error:
            name = REPORT if state == _GOOD and not below else FAILED
            return Job(True, f"import job {number} is {state}{below}; {error}", name)
        wanted = sum(1 for _ in f.lines_of(self._journals(attempt)))
        if report.rejected or report.imported != wanted:
            said = "; ".join(report.words[:10]) or f"{report.imported} of {wanted} lines"
            return Job(True, f"import job {number} is {state}{below}; {said}", REJECTED)
        if state != _GOOD or below:
            return Job(True, f"import job {number} is {state}{below}; its report shows no line in error", FAILED)
        return Job(has_ended=True)

    async def _below(self, attempt: Attempt, number: str) -> str:
        """The child jobs that did not succeed, in words. A child job that cannot be read is one of them."""
        found = text(await self._asked(attempt, "ESSExecutionDetailsRF", f"requestId={number}"), "RequestStatus")
        try:
            tree = parse(found.encode())
        except ValueError:
            return ", its jobs cannot be read"
        if not isinstance(tree, dict) or not isinstance(tree.get("JOBS"), dict):
            return ", its jobs cannot be read"
        bad = [f"{name} {state}" for name, state in _walked(tree["JOBS"]) if state != _GOOD]
        return f", {', '.join(bad)}" if bad else ""

    async def _asked(self, attempt: Attempt, finder: str, variables: str) -> Row:
        rows = await self._looking.found(attempt, JOBS, [("finder", f"{finder};{variables}")])
        if len(rows) != 1:
            raise Malformed(f"{finder} {variables}: {len(rows)} rows")
        return rows[0]

    # --- writing ------------------------------------------------------------------------------------------------------

    def request(self, attempt: Attempt) -> Request:
        """The request that submits the file. Its group id is the server's time in milliseconds."""
        group = str(int(self._client.calls.server_now().timestamp() * 1000))
        made = f.import_body(attempt.resolved, self._client.settings, group)
        return self._client.request("POST", self._client.url(JOBS), dumps(made))

    def read(self, attempt: Attempt, answer: Response) -> Answer | Document:
        """The document with the number of the job, which is polled from now on."""
        row = record(answer, "import")
        number, ref = text(row, "ReqstId"), f.ref_in(text(row, "FileName"))
        if not whole(number):
            return ambiguous("a success without the number of a job", "unreadable", code=str(answer.status))
        return replace(_told(attempt, number, number, None), ref=ref)


def _told(attempt: Attempt, erp_id: str, number: str, job: Job | None) -> Document:
    """A document that was submitted. Its id is that of the job, which is polled; if only its batch is known, that of the batch."""
    command = attempt.resolved.command
    made = Document(erp_id, number, attempt.ref, command["amount"], command["currency"], STEPS[:1])
    return made if job is None else replace(made, refusal=job.words, refusal_reason=job.reason)


def _walked(job: Any) -> Iterator[tuple[str, str]]:
    """Name and state of a job and of its child jobs."""
    if not isinstance(job, dict):
        yield "a job that cannot be read", ""
        return
    yield str(job.get("JOBNAME") or "a job"), str(job.get("STATUS") or "").upper()
    below = job.get("CHILD") or []
    for one in below if isinstance(below, list) else [below]:
        yield from _walked(one)


def _their_line(day: str, one: Row) -> Line:
    return day[:10], text(one, "AccountCombination"), cents(money_or_zero(one, "EnteredDr") - money_or_zero(one, "EnteredCr"))
