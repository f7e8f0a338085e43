"""Compares exchanges with the facts; for tests.

The vendor publishes no document. For e.net, the form of answers is checked as it was recorded: the texts, the declaration, the attributes of the
root, the names of elements against the trees and tables, and the counters. For OData, the columns and types of every row.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import orjson

from runtime.simulator.openapi import Exchange, Reading
from systems.syspro.spec import shapes, tables

_HEAD = re.compile(
    r"<\?xml version=\"1\.0\" encoding=\"Windows-1252\"\?>\n<(?P<root>\w+) Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01'"
    r" Role='01' Version='\d\.\d\.\d{3}' OperatorPrimaryRole='   ' *>\n(?P<inner>.*)</(?P=root)>\s*",
    re.DOTALL,
)
_SESSION = re.compile(r"[0-9A-F]{34}  ")
_COUNTER = re.compile(r"<(Items\w+|Records\w+|RowsReturned)>([^<]*)<")
_FORMS = {"Items": r"\d{6}", "Records": r"\d+", "RowsReturned": r" *\d+"}
_ODATA: dict[str, Any] = {"char": str, "datetime": (str, type(None)), "decimal": (int, float), "rowversion": str}


class Recorded:
    """Compares e.net's answers with the recorded forms. `uncovered` counts elements about which nothing is known."""

    def __init__(self) -> None:
        self.reading = Reading(base="/SYSPROWCFService/Rest")
        self.uncovered: Counter[str] = Counter()

    def problems(self, exchange: Exchange) -> list[str]:
        """See `Validator.problems`."""
        if exchange.status != 200:
            self.uncovered[f"{exchange.method} {exchange.path} -> {exchange.status}"] += 1
            return []
        name = exchange.path[len(self.reading.base) + 1 :].lower()
        text = exchange.response_body.decode("cp1252")
        if text.startswith(("ERROR: ", '"', "<string ")):
            return []  # a plain text, or a wrapped form of the same texts
        plain = {"logon": _SESSION, "logoff": re.compile("0"), "getversion": re.compile(r"[\d.]+")}.get(name)
        if plain is not None:
            return [] if plain.fullmatch(text) else [f"{name} answers {text!r}"]
        return [f"{name}: {problem}" for problem in _document_problems(name, exchange.query.get("BusinessObject", ""), text)]


class Tables:
    """Compares OData's answers with the columns of the tables."""

    def __init__(self) -> None:
        self.reading = Reading(base="/SYSPRO8Odata/SYSPROOData")
        self.uncovered: Counter[str] = Counter()

    def problems(self, exchange: Exchange) -> list[str]:
        """See `Validator.problems`."""
        table = exchange.path.rpartition("/")[2]
        if exchange.status != 200 or table not in tables():
            self.uncovered[f"{exchange.method} {exchange.path} -> {exchange.status}"] += 1
            return []
        columns = {column.name: column for column in tables()[table]}
        body: dict[str, Any] = orjson.loads(exchange.response_body)
        return [
            f"{table}.{name} is {value!r}"
            for row in body["value"]
            for name, value in row.items()
            if name not in columns or not isinstance(value, _ODATA[columns[name].kind])
        ]


def validators() -> list[Any]:
    """One validator for each service."""
    return [Recorded(), Tables()]


def _document_problems(operation: str, name: str, text: str) -> list[str]:
    found = _HEAD.fullmatch(text)
    if found is None:
        return [f"no document of the recorded form: {text[:200]!r}"]
    problems = []
    root = shapes().get((name, "document"))
    if operation.startswith(("transaction/", "setup/")) and (root is None or found["root"] != root.name.lower()):
        problems.append(f"root {found['root']}")
    if operation.startswith("setup/") and re.search("<(Item|Key)>", found["inner"]):
        problems.append("an item or key is not in lower case")
    for counter, value in _COUNTER.findall(found["inner"]):
        form = next(form for start, form in _FORMS.items() if counter.startswith(start))
        if re.fullmatch(form, value) is None:
            problems.append(f"{counter} is {value!r}")
    return problems
