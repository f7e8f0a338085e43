"""The records of the way: documented, generated, compatible for ever, and each with an example."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import typing
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from schemas import generate, records
from schemas.codec import Codec, offline_codec
from schemas.shapes import fields_of, part, record_sources, schemas
from topology.topics import records_of_topic

ROOT = Path(generate.__file__).parent
EXAMPLES = ROOT / "examples"
CODEC: Codec = offline_codec(records_of_topic())
NAMES = sorted(record_sources())
_PYTHON: dict[str, type] = {
    "string": str,
    "boolean": bool,
    "int": int,
    "long": int,
    "bytes": bytes,
    "money": Decimal,
    "quantity": Decimal,
    "instant": datetime,
    "date": date,
}


def _walk(schema: Any) -> Iterator[dict[str, Any]]:
    """Every complex type in a schema."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _walk(branch)
    elif isinstance(schema, dict):
        yield schema
        for key in ("items", "values"):
            yield from _walk(schema.get(key))
        for field in schema.get("fields", ()):
            yield from _walk(field["type"])


# --- what a schema may be


@pytest.mark.parametrize("name", NAMES)
def test_every_record_and_every_field_says_what_it_is(name: str) -> None:
    for record in (one for one in _walk(schemas()[name]) if one["type"] == "record"):
        assert record["doc"].strip(), record["name"]
        for field in record["fields"]:
            assert len(field.get("doc", "").strip()) > 2, f"{record['name']}.{field['name']}"


@pytest.mark.parametrize("name", NAMES)
def test_no_unions_of_records_no_enums_no_recursion_and_nothing_of_no_width(name: str) -> None:
    schema = schemas()[name]
    assert all(one["type"] not in ("enum", "fixed", "error") for one in _walk(schema))
    for one in _walk(schema):
        for field in one.get("fields", ()):
            if isinstance(field["type"], list):
                assert field["type"][0] == "null", f"{name}.{field['name']}"
                assert len(field["type"]) == 2
                assert not (isinstance(field["type"][1], dict) and field["type"][1]["type"] == "record")
        if one["type"] == "array":
            assert one["items"] != "null", f"{name}: items of no width"
            assert not (isinstance(one["items"], dict) and one["items"].get("fields") == [])
    assert _depth(schema, ()) <= 4


def _depth(schema: Any, above: tuple[str, ...]) -> int:
    """How deep records nest; a record inside itself fails."""
    if isinstance(schema, str):
        assert not schema.startswith("ml_connector.") or schema not in above, f"recursion: {above} -> {schema}"
        return 0
    if isinstance(schema, list):
        return max(_depth(branch, above) for branch in schema)
    if schema["type"] == "record":
        full_name = f"{schema.get('namespace', '')}.{schema['name']}"
        assert full_name not in above, f"recursion: {above} -> {full_name}"
        return 1 + max((_depth(field["type"], (*above, full_name)) for field in schema["fields"]), default=0)
    return _depth(schema.get("items", schema.get("values", "null")), above)


@pytest.mark.parametrize("name", NAMES)
def test_money_has_four_places_and_stands_beside_its_currency(name: str) -> None:
    for one in _walk(schemas()[name]):
        if one.get("logicalType") == "decimal":
            assert (one["precision"], one["scale"]) in ((19, 4), (19, 6))
    fields = fields_of(record_sources()[name])
    has_money = any(spec["type"].rstrip("?") == "money" for spec in fields.values())
    if has_money and name != "audit.dead":  # a record that cannot be read tells no currency
        assert "currency" in fields


# --- generated files


def test_the_twins_are_what_the_record_files_say() -> None:
    assert (ROOT / "records.py").read_text() == generate.python_module(), "run `python -m schemas.generate`"


@pytest.mark.parametrize("name", NAMES)
def test_the_newest_registered_version_is_what_the_record_file_says(name: str) -> None:
    versions = generate.versions(name)
    assert versions, f"{name}: run `python -m schemas.generate`"
    assert versions[-1] == schemas()[name], f"{name}: run `python -m schemas.generate`"
    files = sorted(int(path.stem) for path in (ROOT / "registered" / name).glob("*.avsc"))
    assert files == list(range(1, len(files) + 1))


def test_no_registered_schema_is_without_its_record() -> None:
    assert {path.name for path in (ROOT / "registered").iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_twin_has_the_fields_and_types_of_its_schema(name: str) -> None:
    source = record_sources()[name]
    hints = typing.get_type_hints(getattr(records, generate.twin_name(source)))
    assert sorted(hints) == sorted(fields_of(source))
    for field, spec in fields_of(source).items():
        assert hints[field] == _hint(spec["type"]), f"{name}.{field}"


def _hint(written: str) -> Any:
    if written.endswith("?"):
        return _hint(written[:-1]) | None
    kind, _, item = written.partition(":")
    if item:
        return list[_hint(item)] if kind == "list" else dict[str, _hint(item)]  # type: ignore[misc]  # a type made at run time
    return _PYTHON.get(written) or getattr(records, written)


# --- compatibility


def _compatible(reader: Mapping[str, Any], writer: Mapping[str, Any]) -> bool:
    checker: Any = ReaderWriterCompatibilityChecker  # its annotations contradict its use
    verdict = checker().get_compatibility(*(avro.schema.parse(json.dumps(one)) for one in (reader, writer)))
    return bool(verdict.compatibility is SchemaCompatibilityType.compatible)


@pytest.mark.parametrize("name", NAMES)
def test_every_committed_version_reads_every_other(name: str) -> None:
    versions = generate.versions(name)
    for reader, writer in permutations(versions, 2):
        assert _compatible(reader, writer), f"{name}: FULL_TRANSITIVE is broken"
    assert _compatible(schemas()[name], schemas()[name])


def _edited(edit: str) -> dict[str, Any]:
    schema = json.loads(json.dumps(schemas()["command.ar_invoice"]))
    fields = {field["name"]: field for field in schema["fields"]}
    if edit == "a field without default is added":
        schema["fields"].append({"name": "more", "type": "string", "doc": "More."})
    elif edit == "a field without default is removed":
        schema["fields"] = [field for field in schema["fields"] if field["name"] != "op_key"]
    elif edit == "text becomes a number":
        fields["description"]["type"] = "long"
    elif edit == "a number becomes text":
        fields["canonical_offset"]["type"] = "string"
    elif edit == "optional becomes required":
        fields["posting_date"]["type"] = {"type": "int", "logicalType": "date"}
    elif edit == "a list becomes a text":
        fields["lines"]["type"] = "string"
    elif edit == "a field is renamed":
        fields["op_key"]["name"] = "operation_key"
    elif edit == "the record is renamed":
        schema["name"] = "ArInvoice2"
    return dict(schema)


@pytest.mark.parametrize(
    "edit",
    [
        "a field without default is added",
        "a field without default is removed",
        "text becomes a number",
        "a number becomes text",
        "optional becomes required",
        "a list becomes a text",
        "a field is renamed",
        "the record is renamed",
    ],
)
def test_an_incompatible_edit_would_be_caught(edit: str) -> None:
    now, then = _edited(edit), schemas()["command.ar_invoice"]
    assert not (_compatible(now, then) and _compatible(then, now))


def test_one_posting_type_more_is_one_file_and_no_incompatible_change(tmp_path: Path) -> None:
    copy = tmp_path / "schemas"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*.avsc")}
    (copy / "3_command" / "retainer.yaml").write_text(
        "record: Retainer\ndoc: A retainer of a customer.\ninclude: [command_envelope]\nfields:\n"
        '  date: {type: "date?", doc: "Document date."}\n'
        '  lines: {type: "list:PostingLine", doc: "Lines."}\n'
    )
    run = [sys.executable, "-m", "schemas.generate"]
    subprocess.run(run, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, check=True, timeout=60)
    after = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*.avsc")}
    assert set(after) - set(before) == {Path("registered/command.retainer/1.avsc")}
    assert all(after[path] == content for path, content in before.items())
    assert "class RetainerCommand(CommandEnvelope)" in (copy / "records.py").read_text()


# --- examples


def _from_json(value: Any, written: str) -> Any:
    """An example's JSON as the twin's Python: decimals and instants are text, bytes are hex."""
    if value is None:
        assert written.endswith("?"), "null where nothing is optional"
        return None
    kind, _, item = written.removesuffix("?").partition(":")
    if item:
        nested = {"fields": part(item)["fields"]} if item[:1].isupper() else None
        if kind == "list":
            return [_record(one, nested) if nested else _from_json(one, item) for one in value]
        return {key: _from_json(one, item) for key, one in value.items()}
    readers = {
        "money": Decimal,
        "quantity": Decimal,
        "instant": datetime.fromisoformat,
        "date": date.fromisoformat,
        "bytes": bytes.fromhex,
    }
    return readers[kind](value) if kind in readers else value  # type: ignore[operator]  # each takes one text


def _record(value: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    fields = fields_of(dict(source))
    assert set(value) == set(fields), set(value) ^ set(fields)
    return {field: _from_json(value[field], spec["type"]) for field, spec in fields.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_record_is_a_record(name: str) -> None:
    record = _record(json.loads((EXAMPLES / f"{name}.json").read_text()), record_sources()[name])
    topic = next(topic for topic, names in records_of_topic().items() if name in names)
    assert CODEC.decode(CODEC.encode(topic, name, record)) == (name, record)
    if name.startswith("canonical."):
        assert record["entity"] == name.removeprefix("canonical.")


def test_no_example_is_without_its_record() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(NAMES)
