"""Two toy systems for tests of what is common to all: bodies are small JSON documents, one kind of invoice, one crosswalk table."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from runtime.errors import Malformed
from runtime.json import canonical_bytes, parse
from schemas.shapes import fields_of, record_sources
from systems import registry
from systems.contract import Flow, System
from systems.mapped import Canonical, Draft, Fetch, Filtered, NoCommand, Normalised, Plan, Reading
from systems.postings.document import Target
from systems.postings.ends import nothing
from topology.configuration import crosswalk_version

SOURCE, TARGET = registry.NAMES[0], registry.NAMES[1]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
_ZERO: dict[str, Any] = {
    "string": "",
    "boolean": False,
    "int": 0,
    "long": 0,
    "bytes": b"",
    "money": Decimal(0),
    "quantity": Decimal(0),
    "instant": NOW,
    "date": date(2026, 3, 2),
}


def blank(name: str) -> dict[str, Any]:
    """A record with every field empty or zero."""
    made: dict[str, Any] = {}
    for field, spec in fields_of(record_sources()[name]).items():
        kind = spec["type"]
        made[field] = (
            None if kind.endswith("?") else [] if kind.startswith("list:") else {} if kind.startswith("map:") else _ZERO[kind]
        )
    return made


def digest(*values: Any) -> str:
    """A content hash."""
    return hashlib.sha256(canonical_bytes(list(values))).hexdigest()


class SourceSettings(BaseModel):
    """The toy tenant."""

    tenant_id: str = "t1"


class TargetSettings(BaseModel):
    """The toy books."""

    instance_id: str = "i1"
    company_id: str = "c1"


def to_canonical(raw: Any, reading: Reading) -> Sequence[Normalised]:
    """look: a hint, or a list of them; ignore: filtered; bug: a mapping bug; hang: waits for ever; spin: computes for ever; all else is an
    invoice or what `entity` says."""
    body = parse(raw["body"])
    if "look" in body:
        named = body["look"] if isinstance(body["look"], list) else [body["look"]]
        return [Fetch("invoice", str(one), "hint") for one in named]
    if "ignore" in body:
        return [Filtered("not wanted")]
    if "hang" in body:
        threading.Event().wait()
    while "spin" in body:
        pass
    if "bug" in body:
        raise ZeroDivisionError("a bug of the mapping")
    if not isinstance(body.get("total"), Decimal):
        raise Malformed("total is not an amount")
    entity = body.get("entity", "invoice")
    record = blank(f"canonical.{entity}") | {
        "connection": raw["connection"],
        "system": raw["system"],
        "entity": entity,
        "source_id": raw["source_id"],
        "source_version": raw["source_version"],
        "content_hash": digest(body),
        "fingerprint": digest(body["total"], body.get("date", "")),
        "status": body.get("status", "Posted"),
        "currency": reading.currency,
        "total": body["total"],
        "origin_ref": body.get("origin_ref"),
        "active": body.get("active", True),
    }
    if entity == "invoice":
        record["invoice_date"] = date.fromisoformat(body.get("date", "2026-03-02"))
        record["business_unit_name"] = body.get("unit", "east")
        record["job_id"] = body.get("job", "")
    if entity == "job":
        record["completed_on"] = NOW if body.get("completed") else None
    return [Canonical(entity, record)]


def to_commands(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """An invoice is one AR invoice on the account of its unit."""
    if record["total"] < 0 or not record["active"]:
        return [Draft("reversal", {"reverses": "", "date": None, "reason": ""}, "A1", "sale", action="void", hold="void_not_built")]
    if record["total"] == 0:
        return nothing(Target("A1", "sale", "Toy"), record["currency"])
    row = plan.crosswalk.row("business_unit", record["business_unit_name"], record["invoice_date"])
    body = blank("command.ar_invoice") | {"description": (row or {}).get("account", ""), "date": record["invoice_date"]}
    envelope = fields_of({"include": ["command_envelope"], "fields": {}})
    own = {name: value for name, value in body.items() if name not in envelope}
    unresolved = () if row else (f"business_unit={record['business_unit_name']}",)
    return [
        Draft(
            "ar_invoice",
            own,
            "A1",
            "sale",
            amount=record["total"],
            currency="USD",
            posting_date=record["invoice_date"],
            unresolved=unresolved,
        )
    ]


def _unopened(_: Any) -> Any:
    raise AssertionError("a toy opens no session")


def toys() -> dict[str, System]:
    """Both, under the names of the first two systems of the registry."""
    flow = Flow("A1", "invoices", SOURCE, TARGET, "invoice", ("ar_invoice",), "sale")
    empty = System(
        SOURCE,
        "Source",
        SourceSettings,
        SourceSettings,
        (),
        {},
        (),
        (),
        to_canonical,
        lambda *_: [],
        _unopened,
        None,
        _unopened,
        "",
    )
    return {
        SOURCE: empty,
        TARGET: System(
            TARGET,
            "Target",
            TargetSettings,
            TargetSettings,
            (),
            {},
            (),
            (flow,),
            to_canonical,
            to_commands,
            _unopened,
            None,
            _unopened,
            "",
        ),
    }


def install() -> None:
    """Take the registry's place, for good: for processes of their own and for `monkeypatch`."""
    made = toys()
    registry.system = made.__getitem__  # type: ignore[assignment]  # a stand-in for the cached function


def connection_settings(**flow: Any) -> str:
    """Settings of the connection `acme`, as JSON."""
    from systems.connection import ConnectionSettings

    flows = {"A1": {"cutover_date": "2026-01-01", **flow}}
    side = {"settings": {}, "quota": {"group": "g", "calls": 60}}
    return ConnectionSettings.model_validate(
        {
            "connection": "acme",
            "label": "Acme",
            "environment": "test",
            "mode": "live",
            "time_zone": "America/Chicago",
            "field_service": {"system": SOURCE, **side},
            "erp": {"system": TARGET, **side},
            "flows": flows,
        }
    ).model_dump_json()


def crosswalk_row(unit: str, account: str, version: str = "") -> dict[str, Any]:
    """A row of the table business_unit."""
    return blank("connection.crosswalk_row") | {
        "connection": "acme",
        "table": "business_unit",
        "row": unit,
        "values": {"account": account},
        "crosswalk_version": version,
    }


def applied(units: Mapping[str, str], **flow: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What `apply` writes: crosswalk rows (unit -> account) and the connection record that names their version."""
    version = crosswalk_version([crosswalk_row(unit, account) for unit, account in units.items()])
    rows = [crosswalk_row(unit, account, version) for unit, account in units.items()]
    settings = connection_settings(**flow)
    record = blank("connection.connection") | {
        "connection": "acme",
        "label": "Acme",
        "version": digest(settings, version),
        "crosswalk_version": version,
        "settings": settings,
        "actor": "test",
    }
    return rows, record


def raw(source_id: str, version: int, body: Any, **more: Any) -> dict[str, Any]:
    """A raw record of the source; the version becomes text that sorts."""
    made = {
        "connection": "acme",
        "system": SOURCE,
        "entity": "invoice",
        "source_id": source_id,
        "source_version": f"{version:09d}",
        "shape": "object",
        "how": "fetch",
        "body": body if isinstance(body, bytes) else canonical_bytes(body),
        "received_at": NOW + timedelta(seconds=version),
    }
    return blank("raw.raw") | made | more
