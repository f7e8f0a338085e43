"""The files of a connection, as a person writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

CANARY = "canary-secret-0123456789-0123456789-xyz"
SETTINGS: dict[str, Any] = {
    "connection": "acme",
    "label": "Acme",
    "environment": "test",
    "time_zone": "America/Chicago",
    "field_service": {
        "system": "servicetitan",
        "settings": {"environment": "test", "tenant_id": "1001"},
        "quota": {"group": "st", "calls": 60},
        "credentials": {"client_id": "env:CANARY", "client_secret": "env:CANARY", "app_key": "env:CANARY"},
    },
    "erp": {
        "system": "acumatica",
        "settings": {
            "base_url": "https://acme.example.com/Acme",
            "tenant": "Company",
            "instance_id": "acme-prod",
            "company_id": "ACME",
            "branch": "MAIN",
        },
        "quota": {"group": "acu", "calls": 60, "per_s": 60, "sessions": 3},
        "credentials": dict.fromkeys(("username", "password", "client_id", "client_secret"), "env:CANARY"),
    },
    "webhook_keys": [{"name": "first", "secret": "env:CANARY"}],
    "flows": {"A1": {"cutover_date": "2026-03-01"}},
}


def written(folder: Path, name: str, group: str = "", **changes: Any) -> Path:
    """A connection and its crosswalk, written; the path of its YAML."""
    path = folder / "connection.yaml"
    settings = {**SETTINGS, "connection": name, **changes}
    for side in ("field_service", "erp"):
        settings[side] = {**settings[side], "quota": {**settings[side]["quota"], "group": f"{side}-{group or name}"}}
    path.write_text(yaml.safe_dump(settings))
    (folder / "crosswalk").mkdir(exist_ok=True)
    (folder / "crosswalk" / "business_unit.csv").write_text("business_unit,subaccount\nPlumbing,PLB-000\n")
    return path
