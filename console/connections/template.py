"""The files of a new connection: YAML with each setting explained, crosswalk tables with their columns, JSON Schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
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
from systems.connection import CONNECTION_ID, ConnectionSettings, FlowSettings, QuotaShares
from systems.contract import Flow, Role, System
from systems.flow import JOB_INVOICE, POSTED
from systems.network import Network

_WHO = ("connection", "label", "environment", "time_zone", "currency")
_HOW = ("tax_mode", "customer_policy", "late", "create_missing", "mode")
_UNSET = "FILL IN"
_CHOICE = re.compile(r"(?<=\.) (?=[a-z_]+: )")
"""The place at which a sentence about one word of a choice begins."""
_LEGEND = "TABLES.md"
_SECRETS = "secrets"


def write_template(folder: Path, connection: str, erp: str) -> list[Path]:
    """Write everything; returns the paths. Raises `Broken` for an unfit id, an unknown ERP, or if there is a connection already."""
    if not re.fullmatch(CONNECTION_ID, connection):
        raise Broken(
            f"{connection!r} cannot be the id of a connection: 2 to 31 small letters, digits and dashes, no dash first.",
            "Name another folder, or give the id with --connection; it never changes. Example: --connection acme",
        )
    if erp not in {system.name for system in registry.erps()}:
        raise Broken(f"{erp!r} is not an ERP; there are: {', '.join(system.name for system in registry.erps())}.")
    path = folder / "connection.yaml"
    if path.exists():
        raise Broken(f"{path} exists.", "Edit it, or name another folder.")
    try:
        return _written(folder, connection, registry.system(erp))
    except OSError as error:
        raise Broken(f"{error.filename or folder}: {error.strerror}.", "Name a folder that can be written.") from error


def _written(folder: Path, connection: str, erp: System) -> list[Path]:
    tables = folder / "crosswalk"
    tables.mkdir(parents=True, exist_ok=True)
    (folder / _SECRETS).mkdir(mode=0o700, exist_ok=True)
    texts = {
        folder / "connection.yaml": "\n".join(_lines(connection, erp)) + "\n",
        folder / "connection.schema.json": json.dumps(json_schema(erp.name), indent=1) + "\n",
        folder / ".gitignore": f"/{_SECRETS}/\n",
        folder / _LEGEND: "\n".join(legend_lines(erp)) + "\n",
    }
    for table, columns in registry.crosswalk_tables(erp.name).items():
        texts[tables / f"{table}.csv"] = csv_text([*columns, EFFECTIVE], [])
    for path, text in texts.items():
        path.write_text(text)
    return list(texts)


def json_schema(erp: str) -> dict[str, Any]:
    """The JSON Schema of a connection file with that ERP, for editors. The systems' own settings take the place of the free sections."""
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
    """In the order in which a person fills it in: identity, both sides, the keys for what they send, flows, and last the mode."""
    yield "# yaml-language-server: $schema=connection.schema.json"
    yield f"# Never write a secret here: write env:NAME, or file:NAME for a file of the folder {_SECRETS}/ beside this file."
    yield f"# Every {_UNSET} needs a value. Any other line may be left out; it shows the default."
    for name in _WHO:
        yield from _top(name, connection if name == "connection" else None)
    yield ""
    yield from _side("field_service", registry.system(registry.FIELD_SERVICE), connection, erp.without)
    yield ""
    yield from _side("erp", erp, connection)
    yield ""
    yield from _keys("webhook_keys", registry.FIELD_SERVICE, "")
    if erp.signing is not None:
        yield from _keys("push_keys", erp.name, "# ")
    yield ""
    yield f"# {ConnectionSettings.model_fields['flows'].description}"
    yield "flows:"
    for flow in erp.flows:
        yield from _flow(flow)
    yield ""
    yield from _top("crosswalk")
    yield ""
    for name in _HOW:
        if name not in erp.without:
            yield from _top(name)


def legend_lines(erp: System) -> Iterator[str]:
    """The tables of a connection for the person who fills them in."""
    yield f"# Mapping tables of {erp.title}"
    yield ""
    yield "Each table is a file of the folder `crosswalk`, or a sheet of a workbook in it. `ml-connector crosswalk export` writes them with a line"
    yield "for every value that was seen. `effective_from` (any table): the first day on which a row counts; empty = always."
    for table, columns in registry.crosswalk_tables(erp.name).items():
        legend = registry.legends(erp.name)[table]
        yield from ("", f"## {table}", "", f"{legend.about} {legend.first}", "", "| column | |", "|---|---|")
        yield f"| {columns[0]} | What is looked up, as said above: one line for each. |"
        yield from (f"| {column} | {legend.columns[column]} |" for column in columns[1:])
        yield from (f"| reserved: {word} | {meaning} |" for word, meaning in legend.reserved.items())
        yield from ("", "Example:", "")
        shown = [column for column in columns if legend.example.get(column)]
        yield from (f"    {','.join(shown)}", f"    {','.join(legend.example[column] for column in shown)}")


def _top(name: str, value: Any = None) -> Iterator[str]:
    field = ConnectionSettings.model_fields[name]
    return _setting(name, field, _default(field) if value is None else value, "")


def _keys(name: str, system: str, out: str) -> Iterator[str]:
    yield f"# {ConnectionSettings.model_fields[name].description}"
    yield f"{out}{name}:"
    yield f"{out}  - {{name: first, secret: 'env:{system.upper()}_{name.upper().removesuffix('S')}'}}"


def _flow(flow: Flow) -> Iterator[str]:
    """One flow. Only a flow that moves money has a first day, and only invoices can be due when their job is completed."""
    yield f"  {flow.id}:  # {flow.title}"
    values: dict[str, Any] = {"enabled": not flow.off_by_default}
    if flow.moves_money and flow.off_by_default:
        yield f"    # cutover_date: 2026-01-01  # {FlowSettings.model_fields['cutover_date'].description}"
    elif flow.moves_money:
        values["cutover_date"] = _UNSET
    if flow.moves_money and flow.due == POSTED and flow.entity == JOB_INVOICE:
        values["post_when"] = _default(FlowSettings.model_fields["post_when"])
    if flow.records:
        values["window"] = flow.window
    for name, value in values.items():
        yield from _setting(name, FlowSettings.model_fields[name], value, "    ")


def _side(key: str, system: System, connection: str, without: frozenset[str] = frozenset()) -> Iterator[str]:
    yield f"{key}:  # {system.title}"
    yield f"  system: {system.name}"
    yield "  settings:"
    yield from _settings(system.settings, "    ", without)
    yield "  credentials:"
    for name, field in system.credentials.model_fields.items():
        yield from _credential(system, name, field)
    if system.signs_in_as:
        yield from _role_credentials(system)
    yield "  quota:"
    own = {"group": f"{system.name}-{connection}"}
    for name, field in QuotaShares.model_fields.items():
        yield from _setting(name, field, own.get(name, _default(field)), "    ")
    if system.name != registry.FIELD_SERVICE:
        yield "  network:  # what an on-premise site needs; leave it unchanged for a public one"
        yield from _settings(Network, "    ")


def _credential(system: System, name: str, field: FieldInfo) -> Iterator[str]:
    """A reference for each field. Those of another way to sign in than the default are commented out."""
    sign_in = _sign_in_of(field)
    is_needed = field.is_required() or not sign_in or _is_default(system.settings, sign_in)
    note = f" Remove it for another sign_in than {sign_in}." if sign_in and is_needed else ""
    out = "" if is_needed else "# "
    yield f"    {out}{name}: env:{system.name.upper()}_{name.upper()}  # {field.description}{note}"


def _role_credentials(system: System) -> Iterator[str]:
    """Credentials of the roles other than the poller, for a system in which a second sign-in of one user ends the first."""
    yield "  # A second sign-in of one user ends the first: these roles have their own, and the poller has those above."
    yield "  role_credentials:"
    for role in (Role.SINK, Role.CHECK):
        yield f"    {role.value}:"
        yield from (f"      {name}: env:{f'{system.name}_{role.value}_{name}'.upper()}" for name in system.credentials.model_fields)


def _sign_in_of(field: FieldInfo) -> str:
    """The way to sign in for which a field is needed; "" if every way needs it."""
    extra = field.json_schema_extra
    return str(extra.get("sign_in", "")) if isinstance(extra, dict) else ""


def _is_asked(field: FieldInfo) -> bool:
    """Whether a person has to give the value, although an empty one is possible."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("asked"))


def _is_default(model: type[BaseModel], sign_in: str) -> bool:
    default = model.model_fields.get("sign_in")
    return bool(sign_in) and default is not None and default.default == sign_in


def _settings(model: type[BaseModel], indent: str, without: frozenset[str] = frozenset()) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name in without:
            continue
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield f"{indent}# {field.description}"
            yield f"{indent}{name}:"
            yield from _settings(inner, indent + "  ")
        else:
            is_unset = _is_default(model, _sign_in_of(field)) or _is_asked(field)
            yield from _setting(name, field, _UNSET if is_unset and not field.default else _default(field), indent)


def _setting(name: str, field: FieldInfo, value: Any, indent: str) -> Iterator[str]:
    if field.description:
        yield from _comment(field.description, indent)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        yield f"{indent}{name}:"
        yield from (f"{indent}  - {_shown(item)}" for item in value)
    else:
        yield f"{indent}{name}: {_shown(value)}"


def _comment(text: str, indent: str) -> Iterator[str]:
    """One sentence as one line; several sentences, which explain the words of a choice, as one line each."""
    parts = _CHOICE.split(text)
    yield f"{indent}# {parts[0].strip()}"
    yield from (f"{indent}#   {part.strip()}" for part in parts[1:])


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False).removesuffix("\n").removesuffix("\n...")


def _default(field: FieldInfo) -> Any:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return _UNSET
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (frozenset, set, tuple, list)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool, dict, Decimal)):
        return value
    return str(value)
