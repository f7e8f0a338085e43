"""The section `network` of a connection: wrong words are named, secrets are sealed, `plan` and `check` tell a refusal before any call."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from pydantic import ValidationError

from console import checking
from console.connections.applying import planned
from console.connections.checks import refusals
from console.connections.files import ConnectionFiles, read_connection
from console.connections.sealing import resolved_network
from console.connections.template import write_template
from runtime.clock import clock_from_environment
from runtime.errors import Broken
from runtime.secrets import Sources
from runtime.settings import Settings
from services.access import AccessProvider, credentials_version
from services.credentials import CredentialStore
from services.network import network_purpose
from systems import registry
from systems.connection import ConnectionSettings
from systems.contract import Role
from systems.network import Network, addresses_of
from tests.network.ground import Authority
from topology.configuration import Connected

ERP = registry.erps()[0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A filled-in connection file of the first ERP, as `init` writes it."""
    write_template(tmp_path, "acme", ERP.name)
    return tmp_path / "connection.yaml"


def filled(path: Path, base_url: str, network: dict[str, Any]) -> ConnectionSettings:
    """The template with every blank filled, a base address and a network."""
    parsed = yaml.safe_load(path.read_text())
    parsed |= {"label": "Acme", "environment": "test", "time_zone": "America/Chicago"}
    parsed["field_service"]["settings"] |= {"environment": "test", "tenant_id": "1234"}
    for side in ("field_service", "erp"):
        parsed[side]["quota"]["calls"] = 60
    own = parsed["erp"]["settings"]
    own |= {name: "ACME" for name, value in own.items() if value == "FILL IN"}
    own["base_url"] = base_url
    parsed["erp"]["network"] = network
    parsed["flows"] = {}
    path.write_text(yaml.safe_dump(parsed))
    return read_connection(path).settings


def test_every_system_says_which_addresses_its_settings_lead_to() -> None:
    assert [name for name in registry.NAMES if not hasattr(registry.system(name).settings, "addresses")] == []


def test_only_what_the_settings_name_is_reached(file: Path) -> None:
    settings = filled(file, "https://Fin.acme.example.:8443/base", {"private_addresses": ["10.20.0.0/16:8443"]})
    assert len(addresses_of(settings.field_service.own())) == 2
    reach = provider().ways(settings, settings.erp).reach
    assert sorted(reach.hosts or ()) == ["fin.acme.example:8443"]


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"verify": False}, "verify"),
        ({"tls_version": "1.0"}, "tls_version"),
        ({"private_addresses": ["0.0.0.0/0:443"]}, "private_addresses"),
        ({"private_addresses": ["10.0.0.0/8"]}, "private_addresses"),
        ({"private_addresses": ["127.0.0.0/8:8443"]}, "private_addresses"),
        ({"proxy": "https://proxy.acme.example:3128"}, "proxy"),
        ({"proxy": "http://user:pw@proxy.acme.example:3128"}, "proxy"),
        ({"proxy": "socks5://proxy.acme.example"}, "proxy"),
        ({"proxy_user": "env:A", "proxy_password": "env:B"}, "without proxy"),
        ({"proxy": "http://p.acme.example:3128", "proxy_user": "env:A"}, "belong together"),
        ({"client_certificate": "file:/a"}, "belong together"),
        ({"client_certificate": "file:/a", "client_key": "-----BEGIN PRIVATE KEY-----"}, "client_key"),
        ({"ca_file": "acme-ca.pem"}, "whole path"),
    ],
)
def test_a_wrong_word_of_the_section_is_named(section: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Network.model_validate(section)


@pytest.mark.parametrize(
    ("base_url", "network", "said"),
    [
        ("https://fin.acme.example", {}, None),
        ("https://fin.acme.example:8443", {"private_addresses": ["10.20.0.0/16:8443"]}, None),
        ("https://10.20.0.9:8443", {"private_addresses": ["10.20.0.0/16:8443"]}, None),
        ("https://fin.acme.example:8443", {}, "port 8443 is granted for no network"),
        ("https://10.20.0.9", {}, "10.20.0.9 at port 443 is neither public https nor granted"),
        ("http://fin.acme.example", {}, "Use https"),
        ("http://127.0.0.1:9001", {}, "Use https"),
        ("https://127.1", {}, "127.0.0.1"),
        ("https://user:pw@fin.acme.example", {}, "user or password"),
        ("https://fin.acme.example", {"proxy": "http://proxy.acme.example:3128"}, "port 3128 is granted for no network"),
        ("https://fin.acme.example", {"proxy": "http://10.0.0.1:3128", "private_addresses": ["10.0.0.1/32:3128"]}, None),
    ],
)
def test_plan_tells_a_refusal_in_one_line(file: Path, base_url: str, network: dict[str, Any], said: str | None) -> None:
    filled(file, base_url, network)
    change, refused = planned(file, offline=True)
    assert "user:pw" not in "".join((*change.lines, *refused))
    if said is None:
        assert refused == []
    else:
        assert len(refused) == 1
        assert said in refused[0]
        assert refused[0].removeprefix(f"{file}:").partition(": ")[2].startswith("erp.settings.base_url: ")
        assert "\n" not in refused[0]


def test_the_demo_profile_may_name_this_machine(file: Path) -> None:
    settings = filled(file, "http://127.0.0.1:9001", {})
    files = ConnectionFiles(file, settings, ())
    assert refusals(files, {}, loopback=True) == []


def test_the_contents_of_files_and_references_are_proved_and_sealed(tmp_path: Path, file: Path) -> None:
    authority = Authority()
    ours = authority.sign("ml-connector")
    (tmp_path / "ca.pem").write_text(authority.pem)
    (tmp_path / "client.pem").write_text(ours.certificate)
    section = {
        "ca_file": str(tmp_path / "ca.pem"),
        "client_certificate": f"file:{tmp_path / 'client.pem'}",
        "client_key": "env:CLIENT_KEY",
        "proxy": "http://proxy.acme.example:3128",
        "proxy_user": "env:PROXY_USER",
        "proxy_password": "env:PROXY_PASSWORD",
    }
    side = filled(file, "https://fin.acme.example", section).erp
    environment = {"CLIENT_KEY": ours.key, "PROXY_USER": "corp", "PROXY_PASSWORD": "hidden"}
    found = resolved_network(side, Sources(environment, tmp_path))
    assert found["proxy_password"] == "hidden"
    assert found["client_key"] == ours.key
    with pytest.raises(Broken, match="CLIENT_KEY") as missing:
        resolved_network(side, Sources({"PROXY_USER": "corp", "PROXY_PASSWORD": "hidden"}, tmp_path))
    assert "hidden" not in str(missing.value)
    other = Authority().sign("ml-connector")
    with pytest.raises(Broken, match="client_certificate and client_key do not fit") as unfit:
        resolved_network(side, Sources(environment | {"CLIENT_KEY": other.key}, tmp_path))
    assert "PRIVATE KEY" not in str(unfit.value)


class Sets:
    """The sealed sets of a connection."""

    def __init__(self, **sets: dict[str, str]) -> None:
        self.sets = sets

    def get(self, connection: str, purpose: str, _origins: Any) -> dict[str, str]:
        """See `CredentialStore.get`."""
        assert connection == "acme"
        try:
            return self.sets[purpose.replace(".", "_")]
        except KeyError:
            raise Broken(f"{connection}: there are no credentials for {purpose}.", "Apply the connection.") from None

    def keys(self, _connection: str, _purpose: str) -> list[dict[str, Any]]:
        """None."""
        return []

    def version(self, _connection: str, purpose: str) -> str:
        """The set itself."""
        return str(self.sets.get(purpose.replace(".", "_"), ""))


def provider(**sets: dict[str, str]) -> AccessProvider:
    """A provider over such sets."""
    return AccessProvider(Settings(), cast("CredentialStore", Sets(**sets)), clock_from_environment({}))


def test_a_session_is_opened_anew_when_the_sealed_network_changes() -> None:
    before, after = Sets(erp_sink={"a": "1"}), Sets(erp_sink={"a": "1"}, erp_network={"ca_file": "pem"})
    both = [credentials_version(cast("CredentialStore", one), "acme", "erp", Role.SINK) for one in (before, after)]
    assert both[0] != both[1]
    assert network_purpose("erp") == "erp.network"


def test_a_session_without_its_sealed_network_is_not_opened(file: Path, tmp_path: Path) -> None:
    settings = filled(file, "https://fin.acme.example", {"ca_file": str(tmp_path / "ca.pem")})
    with pytest.raises(Broken, match=rf"{ERP.name}\.network"):
        provider().ways(settings, settings.erp)


@pytest.mark.parametrize(
    ("base_url", "addresses", "said"),
    [
        ("https://localhost", [], "neither public https nor granted"),
        ("https://name.invalid", [], "cannot be resolved"),
        ("https://10.1.2.3:8443", ["10.20.0.0/16:8443"], "neither public https nor granted"),
    ],
)
async def test_check_tells_a_refusal_in_one_line_before_any_call(
    file: Path, base_url: str, addresses: list[str], said: str
) -> None:
    settings = filled(file, base_url, {"private_addresses": addresses})
    secret = dict.fromkeys(ERP.credentials.model_fields, "x")
    one = cast("Connected", SimpleNamespace(settings=settings, crosswalk=None))

    opened = provider(**{f"{ERP.name}_check": secret})
    found = await checking.side_findings(opened, one, ERP.name)
    assert [(one.level, one.subject) for one in found] == [("error", "network")]
    assert said in found[0].words
    assert "\n" not in found[0].words


@pytest.mark.parametrize("bad", ["a\n", "a\r\n", "a\x00b", "a\x0bb", "a\udce9", "\x7f"])
@pytest.mark.parametrize("field", sorted(ERP.credentials.model_fields))
def test_a_sealed_secret_that_cannot_be_sent_opens_no_session_and_is_not_shown(file: Path, field: str, bad: str) -> None:
    """An app key with a line end was read with for ever: every call failed as if the network had."""
    settings = filled(file, "https://fin.acme.example", {})
    secret = dict.fromkeys(ERP.credentials.model_fields, "fine") | {field: f"s3cr3t{bad}"}
    with pytest.raises(Broken, match=rf"{field} has a line end") as refused:
        provider(**{f"{ERP.name}_sink": secret}).access(settings, ERP.name, Role.SINK)
    assert "s3cr3t" not in str(refused.value)
