"""A connection's file that fits, for tests that change one thing of it."""

from __future__ import annotations

from pathlib import Path

TEXT = """\
connection: acme
label: Acme
environment: test
time_zone: America/Chicago
field_service:
  system: servicetitan
  credentials: {client_id: env:ST_ID, client_secret: env:ST_SECRET, app_key: env:ST_KEY}
  quota: {group: st, calls: 60}
  settings:
    environment: test
    tenant_id: 1001
erp:
  system: acumatica
  credentials: {username: env:ACU_USER, password: env:ACU_PASSWORD, client_id: env:ACU_ID, client_secret: env:ACU_SECRET}
  quota: {group: acu, calls: 60, per_s: 60, sessions: 3}
  settings:
    base_url: https://acme.example.com/Acme
    tenant: Company
    instance_id: acme-prod
    company_id: ACME
    branch: MAIN
    accounts:
      sales: 40000
webhook_keys:
  - {name: first, secret: env:HOOK}
flows:
  A1: {cutover_date: 2026-03-01}
"""


def file_with(folder: Path, *changes: tuple[str, str], text: str = TEXT) -> Path:
    """The file with these texts replaced; its path."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "connection.yaml"
    path.write_text(text)
    return path
