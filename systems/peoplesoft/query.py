"""One public query of the Query Access Service: its address, a strict reading of its unusual JSON, and the answers that may come instead. Pure.

Facts (PeopleBooks, public clients and a test fixture): `ExecuteQuery.v1/public/{QUERY}/WEBROWSET/NONFILE`. Names are case-sensitive. The lists of
prompts are separated by commas, which are not encoded. The rows of the answer are in `data.query.rows`, counted by `numrows`, each with
`attr:rownumber`, and columns under the record's alias (`A.`). CHAR columns are never null: an empty one is a blank. `maxrows` truncates silently.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from runtime.errors import Garbled, Malformed, Refused
from runtime.exchange import Response
from runtime.json import member, pieces
from systems.feeds.elements import digest_of
from systems.http.bodies import require_json
from systems.peoplesoft.errors import refused_read
from systems.peoplesoft.rows import Row, Torn, numbered
from systems.peoplesoft.settings import Settings

Prompts = Sequence[tuple[str, str]]
"""Names and values in the order in which the query declares its prompts."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,29}")


@dataclass(frozen=True)
class ResultPage:
    """The rows of a page, each with its exact bytes, and the SHA-256 (hex) of the page. A row that cannot be read is `Torn`."""

    rows: tuple[tuple[bytes, Row], ...]
    digest: str

    def whole(self, query: str) -> tuple[tuple[bytes, Row], ...]:
        """The rows, for a caller that needs every one of them. Raises `Garbled` if one cannot be read."""
        for number, (_, row) in enumerate(self.rows, 1):
            if isinstance(row, Torn):
                raise Garbled(f"peoplesoft {query}: row {number} of a page cannot be read")
        return self.rows


def address(settings: Settings, name: str, prompts: Prompts, maxrows: int) -> str:
    """The address of one page of a query. Raises `Refused` for a value that the address cannot contain."""
    path = f"{settings.root}/PSIGW/RESTListeningConnector/{settings.node}/ExecuteQuery.v1/public/{settings.query(name)}/WEBROWSET/NONFILE"
    names = ",".join(_prompt(prompt) for prompt, _ in prompts)
    values = ",".join(_encoded(prompt, value) for prompt, value in prompts)
    return (
        f"{path}?isconnectedquery=N&maxrows={maxrows:d}&prompt_uniquepromptname={names}&prompt_fieldvalue={values}&json_resp=true"
    )


def _prompt(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Refused(f"peoplesoft: {name!r} is not a prompt name")
    return name


def _encoded(prompt: str, value: str) -> str:
    """A value in the list of values. A value that contains the list's separator cannot be sent, encoded or not (assumed for an encoded comma)."""
    if "," in value or not value.isprintable():
        raise Refused(f"peoplesoft: prompt {prompt} cannot carry {value[:40]!r}: commas and control characters divide its list")
    return quote(value, safe="")


def page(answer: Response, query: str, maxrows: int) -> ResultPage:
    """The page of an answer. For any other answer, raises the error of `refused_read`. A page is empty only if it says so."""
    if refusal := refused_read(answer, query):
        raise refusal
    require_json(answer, f"peoplesoft {query}")
    try:
        rows = _rows(answer.body)
    except Malformed as error:
        raise Garbled(f"peoplesoft {query}: {error}", answer.body) from error
    if len(rows) > maxrows:
        raise Garbled(f"peoplesoft {query}: {len(rows)} rows, {maxrows} were asked for")
    return ResultPage(tuple(rows), digest_of(answer.body))


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
