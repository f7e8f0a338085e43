"""The files of a new connection: YAML with each setting explained, crosswalk tables with their columns, JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from console.tables.rows import EFFECTIVE
from console.tables.write import csv_text
from runtime.errors import Broken
from systems import registry
from systems.connection import ConnectionSettings, FlowSettings, QuotaShares
from systems.contract import System
from systems.network import Network

_TOP = ("connection", "label", "environment", "mode", "time_zone", "currency", "tax_mode", "customer_policy", "create_missing")
_FILL_IN: dict[str, Any] = {"label": "Fill in", "environment": "test", "time_zone": "America/Chicago", "create_missing": []}


def write_template(folder: Path, connection: str, erp: str) -> list[Path]:
    """Write everything; returns the paths. Raises `Broken` for an unknown ERP or when a connection is there already."""
    if erp not in {system.name for system in registry.erps()}:
        raise Broken(f"{erp!r} is not an ERP; there are: {', '.join(system.name for system in registry.erps())}.")
    path = folder / "connection.yaml"
    if path.exists():
        raise Broken(f"{path} exists.", "Edit it, or name another folder.")
    tables = folder / "crosswalk"
    tables.mkdir(parents=True, exist_ok=True)
    declared = registry.system(erp)
    path.write_text("\n".join(_lines(connection, declared)) + "\n")
    schema = folder / "connection.schema.json"
    schema.write_text(json.dumps(json_schema(erp), indent=1) + "\n")
    written = [path, schema]
    for table, columns in registry.crosswalk_tables(erp).items():
        written.append(tables / f"{table}.csv")
        written[-1].write_text(csv_text([*columns, EFFECTIVE], []))
    return written


def json_schema(erp: str) -> dict[str, Any]:
    """JSON Schema of a connection file with that ERP, for editors: the systems' own settings take the place of the free sections."""
    schema = ConnectionSettings.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    for key, name in (("field_service", registry.FIELD_SERVICE), ("erp", erp)):
        declared = registry.system(name)
        own = declared.settings.model_json_schema()
        definitions.update(own.pop("$defs", {}))
        side = json.loads(json.dumps(definitions["Side"]))
        side["properties"]["settings"] = own
        side["properties"]["system"] = {"const": name}
        definitions[f"Side_{key}"] = side
        schema["properties"][key] = {"$ref": f"#/$defs/Side_{key}"}
    return schema


def _lines(connection: str, erp: System) -> Iterator[str]:
    yield "# yaml-language-server: $schema=connection.schema.json"
    yield "# Secrets never stand here: env:NAME or file:/path."
    for name in _TOP:
        field = ConnectionSettings.model_fields[name]
        value = connection if name == "connection" else _FILL_IN.get(name, _default(field))
        yield from _setting(name, field, value, "")
    yield "webhook_keys:"
    yield "  - {name: first, secret: 'env:WEBHOOK_KEY'}"
    yield from _side("field_service", registry.system(registry.FIELD_SERVICE))
    yield from _side("erp", erp)
    yield "flows:"
    for flow in erp.flows:
        yield f"  {flow.id}:  # {flow.title}"
        for name in ("enabled", "cutover_date", "post_when", "window"):
            field = FlowSettings.model_fields[name]
            value = flow.window if name == "window" else _default(field)
            yield from _setting(name, field, value, "    ")
    yield "crosswalk: crosswalk"


def _side(key: str, system: System) -> Iterator[str]:
    yield f"{key}:"
    yield f"  system: {system.name}"
    yield "  credentials:"
    for name, field in system.credentials.model_fields.items():
        if field.is_required():
            yield f"    {name}: env:{system.name.upper()}_{name.upper()}  # {field.description}"
    yield "  quota:"
    for name, field in QuotaShares.model_fields.items():
        value = f"{system.name}-1" if name == "group" else 60 if name == "calls" else _default(field)
        yield from _setting(name, field, value, "    ")
    if system.name != registry.FIELD_SERVICE:
        yield "  network:  # what an on-premise site needs; leave it empty for a public one"
        for name, field in Network.model_fields.items():
            yield from _setting(name, field, _default(field), "    ")
    yield "  settings:"
    for name, field in system.settings.model_fields.items():
        yield from _setting(name, field, "FILL IN" if field.is_required() else _default(field), "    ")


def _setting(name: str, field: FieldInfo, value: Any, indent: str) -> Iterator[str]:
    if field.description:
        yield f"{indent}# {field.description}"
    shown = yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n").removesuffix("\n...")
    yield f"{indent}{name}: {shown}"


def _default(field: FieldInfo) -> Any:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "FILL IN"
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (frozenset, set, tuple, list)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool, dict)):
        return value
    return str(value)
