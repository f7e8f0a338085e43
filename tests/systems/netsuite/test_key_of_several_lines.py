"""The private key and certificate of a client assertion are PEM: references to texts of several lines, as `apply` seals them."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.connections.files import read_connection
from console.connections.sealing import sets_of
from runtime.errors import Broken
from runtime.secrets import Sources
from systems import registry
from systems.netsuite.settings import Credentials
from systems.network import is_pem
from tests.unit.console.connections.ground import TEXT, file_with

pytestmark = pytest.mark.skipif("netsuite" not in registry.NAMES, reason="no connection can name NetSuite before it is registered")
PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n"
ERP = """\
erp:
  system: netsuite
  credentials: {client_id: env:ID, certificate_id: env:CERT_ID, private_key: file:key.pem, certificate: env:CERT}
  quota: {group: ns, calls: 60, at_once: 5}
  settings: {base_url: "https://1.suitetalk.api.netsuite.com", account: "1", instance_id: sun, company_id: SUN}
webhook_keys:
"""
ENVIRONMENT = {"ST_ID": "a", "ST_SECRET": "b", "ST_KEY": "c", "HOOK": "h" * 40, "ID": "id", "CERT_ID": "cert", "CERT": PEM}


def connection(folder: Path) -> Path:
    erp = TEXT[TEXT.index("erp:\n") : TEXT.index("  - {name: first")]
    return file_with(folder, (erp, ERP), ("  A1: {", "  N1: {"))


def test_a_key_is_sealed_with_its_lines_from_a_file_and_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    settings = read_connection(connection(tmp_path)).settings
    sealed = sets_of(settings, Sources(ENVIRONMENT, tmp_path))
    secrets = [one.secret for name, one in sealed.items() if name.startswith("netsuite")]
    assert secrets
    assert all((one["private_key"], one["certificate"]) == (PEM, PEM) for one in secrets if isinstance(one, dict))


def test_every_other_credential_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    settings = read_connection(connection(tmp_path)).settings
    with pytest.raises(Broken, match="env:CERT_ID holds a line end"):
        sets_of(settings, Sources(ENVIRONMENT | {"CERT_ID": "two\nlines"}, tmp_path))
    assert [name for name in Credentials.model_fields if is_pem(Credentials, name)] == ["private_key", "certificate"]
