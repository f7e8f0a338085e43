"""Tables of facts: what a vendor's document becomes, what it is read as, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from openapi_spec_validator import validate

import systems
from runtime.facts.__main__ import main, table_of
from runtime.facts.condense import condensed
from runtime.facts.document import document_of, openapi_of
from runtime.facts.table import HEAD, read, written

SPECS = Path(systems.__file__).parent
TABLES = sorted(path for path in SPECS.glob("*/spec/*.tsv") if path.read_text().split("\n", 1)[0].split("\t") == list(HEAD))
"""The tables of vendors' OpenAPI documents. Where a vendor publishes none, `spec/__init__.py` reads a table of its own form."""
OWN_FORMS = {"records.tsv", "attributes.tsv", "gl_interface.txt", "tables.tsv", "objects.txt"}
TOLD = "Told to people."


PROSE = {"title": TOLD, "description": TOLD, "example": TOLD, "x-note": TOLD}
KIND = {"$ref": "#/components/schemas/Kind"}


def thing(version: str) -> dict[str, Any]:
    rows = {"type": "object", "required": ["at"], "properties": {"at": {"type": "string", **PROSE}}}
    kind = {"oneOf": [KIND, {"type": "null"}]} if version == "3.1.0" else {"allOf": [KIND], "nullable": True}
    return {
        "type": "object",
        "required": ["id"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "integer", "format": "int64", "minimum": 1, **PROSE},
            "kind": kind | PROSE,
            "names": {"type": "array", "items": {"type": "string", **PROSE}, "maxItems": 3, "default": [], **PROSE},
            "rows": {"type": "array", "items": rows},
            "extra": {"type": "object", "additionalProperties": {"type": "number", "format": "decimal", **PROSE}, **PROSE},
            "title": {"type": "string", "pattern": "^[A-Z]+$", "deprecated": True},
            "description": {},
        },
        **PROSE,
    }


def operation() -> dict[str, Any]:
    answer = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    body = {"schema": {"$ref": "#/components/schemas/Thing"}, "example": TOLD}
    return {
        "operationId": "Things_Put",
        "summary": TOLD,
        "description": TOLD,
        "security": [{"oauth": ["things:w"]}],
        "parameters": [
            {"name": "page", "in": "query", "required": True, "schema": {"type": "integer"}, **PROSE},
            {"$ref": "#/components/parameters/id"},
        ],
        "requestBody": {"description": TOLD, "required": True, "content": {"application/json": body}},
        "responses": {
            "200": {
                "description": TOLD,
                "content": {"application/json": {"schema": answer, "example": TOLD}},
                "headers": {"Location": {"description": TOLD, "schema": {"type": "string", "format": "uri"}}},
            },
            "204": {"description": TOLD},
        },
    }


def vendors(version: str = "3.1.0") -> dict[str, Any]:
    """A vendor's document with prose in each place that OpenAPI has for it."""
    special = {"allOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "object", "properties": {"more": {"type": "boolean"}}}]}
    kinds = {"type": "string", "enum": ["small", "large"], "x-enumNames": [TOLD, TOLD], **PROSE}
    shared = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": TOLD}
    return {
        "openapi": version,
        "info": {"title": TOLD, "description": TOLD, "version": "7"},
        "tags": [{"name": "Things", "description": TOLD}],
        "paths": {"/Things/{id}": {"put": operation()}},
        "components": {"schemas": {"Thing": thing(version), "Special": special, "Kind": kinds}, "parameters": {"id": shared}},
    }


TABLE = """of	part	name	type	required	enum	more
document	openapi	3.1.0
	version	7
PUT /Things/{id}	operation	Things_Put				tag=Things scope=things:w
	path	id	string	required
	query	page	integer	required
	request		Thing	required
	answer	200	object
	field	200/ok	boolean
	header	200/Location	string:uri
	answer	204
Kind	shape		string		small|large
Special	shape		Thing+object
	field	more	boolean
Thing	shape		closed
	field	id	integer:int64	required		minimum=1
	field	kind	Kind?
	field	names	[string]			maxItems=3
	field	rows	[object]
	field	rows/at	string	required
	field	extra	{number:decimal}
	field	title	string			pattern=^[A-Z]+$
	field	description	any
"""


def test_a_document_becomes_its_facts_and_nothing_that_is_told_to_people() -> None:
    assert written(condensed(vendors())) == TABLE
    assert written(condensed(vendors("3.0.1"))) == TABLE.replace("3.1.0", "3.0.1")


@pytest.mark.parametrize("version", ["3.0.1", "3.1.0"])
def test_what_is_read_back_is_a_valid_document_of_the_same_facts(version: str) -> None:
    document = document_of("Things", list(read(written(condensed(vendors(version))))))
    validate(document)
    assert condensed(document) == condensed(vendors(version))
    read_back = document["components"]["schemas"]["Thing"]
    assert (
        read_back["properties"]["kind"]
        == {"3.0.1": {"allOf": [KIND], "nullable": True}, "3.1.0": {"oneOf": [KIND, {"type": "null"}]}}[version]
    )
    assert read_back["properties"]["rows"]["items"]["required"] == ["at"]
    assert read_back["required"] == ["id"]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_a_committed_table_is_the_one_that_its_facts_make(path: Path) -> None:
    text = path.read_text()
    assert written(condensed(openapi_of(path))) == text, "sorted, and nothing in it that is not read"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_a_committed_table_holds_words_and_no_sentence(path: Path) -> None:
    for number, line in enumerate(path.read_text().splitlines()[1:], 2):
        of, part, name, kind, *_ = [*line.split("\t"), "", "", ""]
        assert re.fullmatch(r"|[A-Z]+ /\S*|[\w.]+", of), f"line {number}: {of}"
        assert not re.search(r"\s", part + name + kind), f"line {number}"


def test_every_document_of_a_vendor_lies_as_a_table() -> None:
    assert len(TABLES) == 7
    others = [path.name for path in SPECS.glob("*/spec/*") if path not in TABLES and path.suffix != ".py" and path.is_file()]
    assert set(others) == OWN_FORMS


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "Thing, field id: no word for oneOf of 2 types"),
        ({"not": {"type": "string"}}, "Thing, field id: no word for a type with not"),
        ({"type": "array", "items": {"type": "string", "maxLength": 3}}, "Thing, field id: no word for string with maxLength"),
        ({"type": ["string", "integer"]}, "Thing, field id: no word for string or integer"),
        ({"enum": ["a|b"]}, "Thing, field id: a blank, a tab or a bar"),
        ({"enum": [1.5]}, "Thing, field id: an enumeration of neither texts nor integers"),
        ({"type": "string", "pattern": "a b"}, "Thing, field id: a blank, a tab or a bar"),
        ({"$ref": "other.json#/Thing"}, "Thing, field id: no word for a reference to other.json#/Thing"),
    ],
)
def test_what_the_form_cannot_say_is_refused_by_name(schema: dict[str, Any], words: str) -> None:
    document = vendors()
    document["components"]["schemas"]["Thing"]["properties"]["id"] = schema
    with pytest.raises(ValueError, match=re.escape(words)):
        written(condensed(document))


def test_the_tool_prints_the_table_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(vendors()))
    assert main([str(tmp_path / "a.json")]) == 0
    assert capsys.readouterr().out == TABLE
    (tmp_path / "a.yaml").write_text("openapi: 3.1.0\ninfo: {version: '7'}\npaths: {}\n")
    assert table_of(tmp_path / "a.yaml").splitlines() == ["\t".join(HEAD), "document\topenapi\t3.1.0", "\tversion\t7"]


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("a.json", b"{", "a.json is not JSON, or not YAML: "),
        ("a.yaml", b"a: [", "a.yaml is not JSON, or not YAML: "),
        ("a.json", b"[]", "a.json is not a whole OpenAPI 3 document: "),
        ("a.json", b'{"swagger":"2.0"}', "a.json: not an OpenAPI 3 document: openapi is missing"),
        ("a.json", b'{"openapi":"3.0.1","info":{"version":"1"}}', "a.json is not a whole OpenAPI 3 document: "),
        ("a.json", None, "a.json cannot be read: "),
    ],
)
def test_the_tool_says_in_one_line_why_there_is_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, body: bytes | None, words: str
) -> None:
    if body is not None:
        (tmp_path / name).write_bytes(body)
    assert main([str(tmp_path / name)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert said.err.count("\n") == 1


def test_the_tool_takes_one_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == main(["a", "b"]) == main(["--help"]) == 2
    assert capsys.readouterr().err.startswith("Usage: python -m runtime.facts PATH")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "line 1: the head has to be of part name type required enum more"),
        ("{head}\n\tfield\ta\tstring\n", "line 2: not a fact"),
        ("{head}\nThing\n", "line 2: not a fact"),
        ("{head}\ndocument\topenapi\t3.1.0\nThing\tfield\ta\tstring\tyes\n", "line 3: not a fact"),
        (
            "{head}\ndocument\topenapi\t3.1.0\n\tversion\t1\nGET /a\toperation\n\tfeild\ta\tstring\n",
            "GET /a: feild is not part of an operation",
        ),
        (
            "{head}\ndocument\topenapi\t3.1.0\n\tversion\t1\nThing\tshape\t\tobject\n\tfield\ta/b\tstring\n",
            "Thing: field a/b stands before what holds it",
        ),
        (
            "{head}\ndocument\topenapi\t3.1.0\n\tversion\t1\nThing\tshape\t\tobject\n\tpart\ta\tstring\n",
            "Thing: part is not part of a shape",
        ),
        ("{head}\nThing\tshape\t\tobject\n", "the facts of the document itself are openapi and version"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_line(tmp_path: Path, table: str, words: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(table.replace("{head}", "\t".join(HEAD)))
    with pytest.raises(ValueError, match=re.escape(words)) as refused:
        openapi_of(path)
    assert str(path) in str(refused.value)
