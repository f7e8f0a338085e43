"""One public query of the Query Access Service: its address, its odd JSON read strictly, and what else may come instead. Pure.

Facts (PeopleBooks, public clients and a test fixture): `ExecuteQuery.v1/public/{QUERY}/WEBROWSET/NONFILE`; names are case-sensitive; the lists
of prompts are comma-separated and the commas not encoded; the answer's rows lie in `data.query.rows`, counted by `numrows`, each with
`attr:rownumber`, columns under the record's alias (`A.`). CHAR columns are never null: an empty one is a blank. `maxrows` cuts silently.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from runtime.answers import asked_pause_s
from runtime.errors import Broken, ConnectorError, Garbled, Malformed, Refused, Throttled, Transient
from runtime.exchange import Response
from runtime.json import member, parse, pieces
from runtime.redaction import told
from systems.peoplesoft.models import Broker, broker
from systems.peoplesoft.rows import Row, Torn, numbered
from systems.peoplesoft.settings import Settings

Prompts = Sequence[tuple[str, str]]
"""Names and values in the order in which the query declares its prompts."""

OPERATION = "QAS_EXECUTEQRY_REST_GET"
"""Service operation that executes queries over REST."""
SECURITY_SET = "158"
"""Message set of the Integration Broker: a 158 is about configuration, never about data (recorded faults; numbers assumed)."""
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,29}")
_PERMIT = "Give the integration user the query's access group and the service operation {operation} (install/INSTALL.md)."


class QueryAbsent(Broken):
    """The site has no such public query, or hides it from this user."""


class Inactive(Broken):
    """The Integration Broker itself refuses: an operation, its routing or handler is not active, or not permitted."""


@dataclass(frozen=True)
class Found:
    """The rows of a page, each with its exact bytes, and the SHA-256 (hex) of the page. A row that cannot be read is `Torn`."""

    rows: tuple[tuple[bytes, Row], ...]
    digest: str

    def whole(self, query: str) -> tuple[tuple[bytes, Row], ...]:
        """The rows, for who needs every one of them. Raises `Transient` where one cannot be read."""
        for number, (_, row) in enumerate(self.rows, 1):
            if isinstance(row, Torn):
                raise Transient(f"peoplesoft {query}: row {number} of a page cannot be read")
        return self.rows


def address(settings: Settings, name: str, prompts: Prompts, maxrows: int) -> str:
    """Where one page of a query is asked for. Raises `Refused` for a value that its place cannot carry."""
    path = f"{settings.root}/PSIGW/RESTListeningConnector/{settings.node}/ExecuteQuery.v1/public/{settings.query(name)}/WEBROWSET/NONFILE"
    names = ",".join(_prompt(prompt) for prompt, _ in prompts)
    values = ",".join(_encoded(prompt, value) for prompt, value in prompts)
    return (
        f"{path}?isconnectedquery=N&maxrows={maxrows:d}&prompt_uniquepromptname={names}&prompt_fieldvalue={values}&json_resp=true"
    )


def _prompt(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Refused(f"peoplesoft: {name!r} is no prompt name")
    return name


def _encoded(prompt: str, value: str) -> str:
    """A value in the list of values: what divides the list cannot be said in it, encoded or not (assumed of an encoded comma)."""
    if "," in value or not value.isprintable():
        raise Refused(f"peoplesoft: prompt {prompt} cannot carry {value[:40]!r}: commas and control characters divide its list")
    return quote(value, safe="")


def page(answer: Response, query: str, maxrows: int) -> Found:
    """The page that an answer is. Raises what `refused_read` makes of another one; an empty page is one that says so."""
    if refusal := refused_read(answer, query):
        raise refusal
    if answer.content_type != "application/json":
        raise Transient(f"peoplesoft {query}: {answer.content_type or 'nothing'} instead of JSON")
    try:
        rows = _rows(answer.body)
    except Malformed as error:
        raise Garbled(f"peoplesoft {query}: {error}", answer.body) from error
    if len(rows) > maxrows:
        raise Garbled(f"peoplesoft {query}: {len(rows)} rows, {maxrows} were asked for")
    return Found(tuple(rows), hashlib.sha256(answer.body).hexdigest())


def _rows(body: bytes) -> list[tuple[bytes, Row]]:
    others, data = member(body, "data")
    if others.get("status") != "success":
        raise Malformed(f"status is {str(others.get('status'))[:40]!r}, not success")
    inner = member(data, "query")[1]
    counts, found = pieces(inner, "rows")
    rows = [(part, numbered(value, number)) for number, (part, value) in enumerate(found, 1)]
    if counts.get("numrows") != len(rows) or isinstance(counts.get("numrows"), bool):
        raise Malformed(f"numrows is {str(counts.get('numrows'))[:20]!r}, there are {len(rows)} rows")
    return rows


def refused_read(answer: Response, what: str) -> ConnectorError | None:
    """What a reader does about an answer that is not the one asked for; None for a 200 without an error of the Integration Broker."""
    said = broker(answer.body)
    if said is not None:
        return _of_broker(said, answer.status, what)
    if answer.status == 200:
        return None
    name = f"peoplesoft {what}: {answer.status}"
    if answer.status == 401:
        return Broken(
            f"{name}.", "Check username and password, or the token server, and that the operation takes this way of sign-in."
        )
    if answer.status == 403:
        return Inactive(f"{name}.", _PERMIT.format(operation=OPERATION))
    if answer.status in (404, 410):
        return QueryAbsent(f"{name}.", f"Make {what} public at the site, or activate {OPERATION} (install/INSTALL.md).")
    if answer.status in (429, 503):
        return Throttled(name, asked_pause_s(answer))
    if answer.status == 400:
        return Refused(f"{name} {words(answer)}".strip(), "400")
    return Transient(f"{name} {words(answer)}".strip())


def _of_broker(said: Broker, status: int, what: str) -> ConnectorError:
    name = f"peoplesoft {what}: {status} ({said.code}) {said.words}".strip()
    if not said.is_error:
        return Transient(f"{name}: a queue's acknowledgement instead of an answer")
    if said.code == "158,45":
        return Broken(f"{name}", "Check username and password of the integration user.")
    if said.message_set == SECURITY_SET:
        remedy = "An administrator activates the operation, its routing and handler, and permits it to the integration user (install/INSTALL.md)."
        return Inactive(name, remedy)
    return Transient(name)


def words(answer: Response) -> str:
    """What a refusal says in JSON, shortened; "" for anything else, a page of HTML above all."""
    if answer.content_type != "application/json":
        return ""
    try:
        found = parse(answer.body)
    except Malformed:
        return ""
    said = [str(found[name]) for name in ("message", "error", "errorMessage") if found.get(name)] if isinstance(found, dict) else []
    return told(" ".join(said), 300)
