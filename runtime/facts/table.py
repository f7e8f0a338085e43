"""The form of a table of facts: tab-separated lines of seven cells, below a line that names them.

| cell | what it holds |
|---|---|
| `of` | what the fact is about: `document`, an operation (`GET /customers/{id}`) or a shape (`Customer`); empty = as in the line above |
| `part` | `openapi` and `version` of the document; `operation`, `path`, `query`, `header`, `request`, `answer`; `shape`; `field` |
| `name` | the operation's id, the parameter, the status of an answer, the field; `a/b` is the field `b` of the field `a` |
| `type` | a type as `words.py` spells it |
| `required` | `required` or empty |
| `enum` | the allowed values, joined by a bar |
| `more` | `key=value`, joined by a blank: limits of a value; the `tag` and the `scope` of an operation |

Subjects, parameters and answers are sorted; fields and values are in the vendor's order. Empty cells at the end are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

HEAD = ("of", "part", "name", "type", "required", "enum", "more")
PARAMETERS = ("path", "query", "header")


@dataclass(frozen=True)
class Fact:
    """One line. `more` holds pairs, because an operation may need several scopes."""

    of: str
    part: str
    name: str = ""
    type: str = ""
    required: bool = False
    enum: tuple[str, ...] = ()
    more: tuple[tuple[str, str], ...] = ()


def written(facts: Iterable[Fact]) -> str:
    """The table as text. Raises ValueError for a value that would not be read back unchanged."""
    lines, of = ["\t".join(HEAD)], ""
    for fact in facts:
        more = [f"{key}={value}" for key, value in fact.more]
        _require_plain(fact, more)
        subject = "" if fact.of == of else fact.of
        required = "required" if fact.required else ""
        cells = (subject, fact.part, fact.name, fact.type, required, "|".join(fact.enum), " ".join(more))
        lines.append("\t".join(cells).rstrip("\t"))
        of = fact.of
    return "\n".join(lines) + "\n"


def _require_plain(fact: Fact, more: list[str]) -> None:
    cells = (fact.of, fact.part, fact.name, fact.type)
    is_plain = (
        not any(set("\t\r\n") & set(cell) for cell in (*cells, *fact.enum))
        and not any("|" in value for value in fact.enum)
        and not any(set(pair) & set("\t\r\n ") for pair in more)
    )
    if not is_plain:
        raise ValueError(
            f"{fact.of}, {fact.part} {fact.name}: a blank, a tab or a bar inside a value has no place in a table of facts"
        )


def read(text: str) -> Iterator[Fact]:
    """The facts of a table. Raises ValueError naming the line that is not a fact."""
    lines = text.split("\n")
    if lines[0] != "\t".join(HEAD):
        raise ValueError(f"line 1: the head has to be {' '.join(HEAD)}")
    of = ""
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        cells = line.split("\t")
        cells += [""] * (len(HEAD) - len(cells))
        of = cells[0] or of
        if len(cells) != len(HEAD) or not of or not cells[1] or cells[4] not in ("", "required"):
            raise ValueError(f"line {number}: not a fact: {line[:80]!r}")
        enum = tuple(cells[5].split("|")) if cells[5] else ()
        more = tuple((key, value) for key, _, value in (pair.partition("=") for pair in cells[6].split()))
        yield Fact(of, cells[1], cells[2], cells[3], bool(cells[4]), enum, more)
