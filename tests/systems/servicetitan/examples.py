"""The example pairs of this system: raw JSON as ServiceTitan sends it, and what it becomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runtime.json import canonical_bytes
from schemas.records import Raw
from systems.mapped import Canonical, Fetch, Normalised, Reading
from systems.servicetitan.settings import Settings

FOLDER = Path(__file__).parents[3] / "systems" / "servicetitan" / "examples"
SETTINGS = Settings.model_validate(json.loads((FOLDER / "connection.json").read_text())["settings"])
READING = Reading("acme", "America/Chicago", "USD", SETTINGS)


def names() -> list[str]:
    """Every example by its situation."""
    return sorted(path.name.removesuffix(".raw.json") for path in FOLDER.glob("*.raw.json"))


def raw_json(name: str) -> Any:
    """The raw object of an example."""
    return json.loads((FOLDER / f"{name}.raw.json").read_text())


def raw(entity: str, body: bytes, shape: str = "object", source_id: str = "") -> Raw:
    """A raw record around some bytes."""
    return Raw(
        connection="acme",
        system="servicetitan",
        entity=entity,
        source_id=source_id,
        source_version="",
        shape=shape,
        how="fetch",
        body=body,
        content_type="application/json",
        page_digest="",
        page_index=0,
        signature="none",
        received_at=datetime(2026, 3, 9, tzinfo=UTC),
    )


def example(name: str) -> Raw:
    """The raw record of an example."""
    entity = name.partition(".")[0]
    made = raw(entity, (FOLDER / f"{name}.raw.json").read_bytes(), "hint" if entity == "webhook" else "object")
    further = sorted(path for path in FOLDER.glob(f"{name}.raw.*.json"))
    return made | {"further": [path.read_bytes() for path in further]}


def written(found: Normalised) -> dict[str, Any]:
    """What follows from a record as JSON would show it: decimals as shortest text, dates and instants as ISO text."""
    if isinstance(found, Canonical):
        return {"canonical": found.entity, "record": json.loads(canonical_bytes(found.record))}
    if isinstance(found, Fetch):
        return {"look_again": found.entity, "source_id": found.source_id, "reason": found.reason}
    return {"filtered": found.reason}
