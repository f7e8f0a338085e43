"""Generates from the record files `records.py` (the Python twins) and `registered/` (every version as Avro).

Run `python -m schemas.generate` after a change of a record file. A changed record gets the next version. Older versions are never touched:
`tests/contract` checks FULL_TRANSITIVE over all of them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from schemas.shapes import fields_of, part, record_sources, schemas

HERE = Path(__file__).parent
_PYTHON = {
    "string": "str",
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "bytes": "bytes",
    "money": "Decimal",
    "quantity": "Decimal",
    "instant": "datetime",
    "date": "date",
}
_ENVELOPES = {"canonical_envelope": "CanonicalEnvelope", "command_envelope": "CommandEnvelope"}
_HEAD = '''"""The Python twins of the Avro records: what the codec reads and writes, as typed dictionaries.

Written by `python -m schemas.generate` from the record files; a test fails when it is stale. Money is `Decimal` with four
places, quantities and unit prices with six, instants are aware UTC, dates are calendar dates.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NotRequired, TypedDict
'''


def twin_name(source: dict[str, Any]) -> str:
    """Class name of a record's twin: commands end in Command, the others are named as the record."""
    name = str(source["record"])
    return f"{name}Command" if source.get("step") == "command" else name


def python_module() -> str:
    """The text of `records.py`."""
    sources = record_sources()
    nested = sorted({item for source in sources.values() for item in _nested(source)})
    classes = [_twin(name, part(name)) for name in nested]
    classes.append(_twin("CommandEnvelope", {"doc": "What every command has.", "fields": part("command_envelope")["fields"]}))
    classes.append(
        _twin("CanonicalEnvelope", {"doc": "What every canonical record has.", "fields": part("canonical_envelope")["fields"]})
    )
    classes += [_twin(twin_name(source), source) for source in sources.values()]
    return _HEAD + "".join(classes)


def _nested(source: dict[str, Any]) -> list[str]:
    types = [spec["type"].rpartition(":")[2].removesuffix("?") for spec in fields_of(source).values()]
    return [name for name in types if name[:1].isupper()]


def _twin(name: str, source: dict[str, Any]) -> str:
    own, base = fields_of(source), "TypedDict"
    for include, envelope in _ENVELOPES.items():
        if include in source.get("include", ()):
            own = {field: spec for field, spec in own.items() if field not in part(include)["fields"]}
            base = envelope
    lines = [f"\n\nclass {name}({base}):", f'    """{source["doc"]}"""', ""]
    lines += [f"    {field}: {_annotation(spec)}" for field, spec in own.items()]
    return "\n".join(lines) + "\n"


def _annotation(spec: dict[str, Any]) -> str:
    python = _python(spec["type"])
    return f"NotRequired[{python}]" if spec.get("may_be_left_out") else python


def _python(written: str) -> str:
    if written.endswith("?"):
        return f"{_python(written[:-1])} | None"
    kind, _, item = written.partition(":")
    if item:
        return f"list[{_python(item)}]" if kind == "list" else f"dict[str, {_python(item)}]"
    return _PYTHON.get(written, written)


@cache
def versions(name: str) -> tuple[dict[str, Any], ...]:
    """The committed versions of a record (`command.ar_invoice`), oldest first. They are read once in a process."""
    paths = sorted((HERE / "registered" / name).glob("*.avsc"), key=lambda path: int(path.stem))
    return tuple(json.loads(path.read_text()) for path in paths)


def main() -> None:
    """Write both, and report what changed."""
    (HERE / "records.py").write_text(python_module())
    for name, schema in schemas().items():
        known = versions(name)
        if known and known[-1] == schema:
            continue
        path = HERE / "registered" / name / f"{len(known) + 1}.avsc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(schema, indent=1) + "\n")


if __name__ == "__main__":
    main()
