"""`apply`, `held`, `pause` and `keys rotate` on a cluster in memory: what they write is believed, and what others write is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.cli.main import app
from console.connections.applying import applied, in_force, planned
from console.reading import Cluster as Console
from runtime import kafka
from runtime.clock import ScaledClock
from runtime.errors import Broken
from runtime.rolekeys import INGRESS, SINKS, VERIFY, keys_at, keys_for, write_keys
from runtime.secrets import read_ring
from runtime.settings import Settings
from services.access import AccessProvider
from services.credentials import TOPIC, CredentialStore
from services.sinks.follow import CONTROL, Followed
from services.sinks.links import MemoryLinks
from systems.connection import ConnectionSettings
from systems.contract import Role
from tests.integration.console.files import CANARY, SETTINGS, written
from tests.signed import ring_in
from tests.unit.following.console import operator
from tests.unit.following.log import CODEC, Cluster
from topology.trust import Trust

ERP = SETTINGS["erp"]["system"]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, tmp_path: Path) -> Settings:
    """Of the operator, whose ring is in a folder of this test."""
    return operator(monkeypatch, cluster, tmp_path)


def store(settings: Settings, role: str) -> CredentialStore:
    """What a service that starts now has."""
    made = CredentialStore(settings, CODEC, ScaledClock(), role=role).start()
    made.stop()
    return made


def connection() -> ConnectionSettings:
    return in_force(Console()).connections["acme"].settings


def keys(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["keys", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_what_is_applied_is_in_force_for_every_role_with_the_keys_of_that_role_alone(settings: Settings, tmp_path: Path) -> None:
    lines, refused = applied(written(tmp_path, "acme"), "pat", "start")
    assert refused == []
    assert len([line for line in lines if "+ credentials" in line]) == 7
    for role in (INGRESS, SINKS, VERIFY):
        write_keys(tmp_path / role, keys_for(read_ring(tmp_path / "ring" / "keys.json"), role))
    of = {role: settings.model_copy(update={"key_ring": tmp_path / role}) for role in (INGRESS, SINKS, VERIFY)}
    assert in_force(Console(of[VERIFY])).connections["acme"].settings == connection()
    assert [key["name"] for key in store(of[INGRESS], INGRESS).keys("acme", "webhook")] == ["first"]
    access = AccessProvider(of[SINKS], store(of[SINKS], SINKS), ScaledClock()).access(connection(), ERP, Role.SINK)
    assert access.credentials.password.get_secret_value() == CANARY  # type: ignore[attr-defined]  # the ERP's own model
    assert applied(written(tmp_path, "acme"), "pat", "again") == ((), [])


@pytest.mark.parametrize(
    "changed",
    [
        {"settings": {"base_url": "https://evil.example/Acme"}},
        {"settings": {"base_url": "https://acme.example.com:8443/Acme"}},
        {"network": {"private_addresses": ["10.0.0.0/8:443"]}},
        {"network": {"proxy": "http://evil.example:3128"}},
        {"network": {"ca_file": "/tmp/evil.pem"}},
    ],
    ids=str,
)
def test_credentials_are_not_sent_where_they_were_not_applied_for(
    settings: Settings, tmp_path: Path, changed: dict[str, Any]
) -> None:
    """Whoever could write `connections` was sent user, password and client secret within 30 s. Even a signed change needs `apply`, whose
    secrets are sealed for where it leads."""
    applied(written(tmp_path, "acme"), "pat", "start")
    content = connection().model_dump(mode="json")
    for section, values in changed.items():
        content["erp"][section] |= values
    moved = ConnectionSettings.model_validate(content)
    for role in (Role.SINK, Role.POLLER, Role.CHECK):
        provider = AccessProvider(settings, store(settings, "operator"), ScaledClock())
        with pytest.raises(Broken, match="not sent there") as told:
            provider.access(moved, ERP, role)
        assert CANARY not in str(told.value)


def test_a_key_of_a_webhook_that_is_taken_out_of_the_file_counts_no_more(settings: Settings, tmp_path: Path) -> None:
    """Its set stayed in force for good."""
    applied(written(tmp_path, "acme"), "pat", "start")
    lines, _ = applied(written(tmp_path, "acme", webhook_keys=[]), "pat", "it leaked")
    assert "- credentials webhook" in lines
    assert store(settings, INGRESS).keys("acme", "webhook") == []


def test_an_apply_keeps_unchanged_secrets_as_they_are_and_signs_them_anew(settings: Settings, tmp_path: Path) -> None:
    """Sessions are not opened anew for it, and a service that starts afterwards does not find them older than the connection."""
    applied(written(tmp_path, "acme"), "pat", "start")
    before = store(settings, SINKS).version("acme", f"{ERP}.sink")
    lines, _ = applied(written(tmp_path, "acme", label="Another name"), "pat", "renamed")
    assert [line for line in lines if "credentials" in line] == []
    assert before == store(settings, SINKS).version("acme", f"{ERP}.sink") != ""


def test_after_compaction_with_an_old_record_apply_mends_what_was_refused(
    settings: Settings, cluster: Cluster, tmp_path: Path
) -> None:
    path = written(tmp_path, "acme")
    applied(path, "pat", "start")
    old = [(cluster.about[(TOPIC, offset)], value) for offset, value in enumerate(cluster.topics[TOPIC])]
    applied(written(tmp_path, "acme", label="Another name"), "pat", "renamed")
    cluster.topics[TOPIC].clear()
    for (key, headers), value in old:
        cluster.put(TOPIC, key, value, headers)
    assert store(settings, INGRESS).keys("acme", "webhook") == []
    lines, refused = applied(path, "pat", "again")
    assert (refused, len([line for line in lines if "+ credentials" in line])) == ([], 7)
    assert store(settings, INGRESS).keys("acme", "webhook") != []


def test_plan_and_apply_take_nothing_that_is_not_signed_for_what_is_in_force(cluster: Cluster, tmp_path: Path) -> None:
    applied(written(tmp_path, "acme"), "pat", "start")
    for topic in ("connections", "crosswalk"):
        for offset, value in enumerate(list(cluster.topics[topic])):
            cluster.put(topic, cluster.about[(topic, offset)][0], value)
    change, refused = planned(written(tmp_path, "acme"))
    assert (change.lines, refused) == ((), [])


def decisions(settings: Settings) -> Followed:
    followed, trust = Followed(CODEC, MemoryLinks(), frozenset({ERP})), Trust(settings)
    for message in kafka.read_to_end(settings.kafka, CONTROL, [0]):
        if trust.believed(message) is not None:
            followed.fold(message)
    return followed


def test_nobody_is_told_to_remove_the_ring_that_is_exported_from(tmp_path: Path) -> None:
    """`exists. Remove it first` was said of the key ring itself, without which nothing opens any more."""
    for verb in (["export", "sinks"], ["verify-only"]):
        with pytest.raises(Broken, match=r"keys\.json is the file that the keys come from\. Name another file"):
            keys(*verb, str(tmp_path / "ring" / "keys.json"))


def test_a_row_that_lost_a_value_tells_it(tmp_path: Path) -> None:
    """A column that was emptied, or left out of the file, was a change of nothing: `~ crosswalk business_unit/Plumbing: `."""
    path = written(tmp_path, "acme")
    applied(path, "pat", "start")
    table = tmp_path / "crosswalk" / "business_unit.csv"
    table.write_text("business_unit,branch\nPlumbing,\n")
    assert planned(path)[0].lines == ("~ crosswalk business_unit/Plumbing: no longer subaccount=PLB-000",)
    table.write_text("business_unit,branch\nPlumbing,MAIN\n")
    assert planned(path)[0].lines == ("~ crosswalk business_unit/Plumbing: branch=MAIN; no longer subaccount=PLB-000",)


@pytest.mark.parametrize("verb", ["release", "retry", "skip"])
def test_a_decision_about_no_document_is_refused(verb: str) -> None:
    with pytest.raises(Broken, match="no document is named"):
        CliRunner().invoke(app, ["held", verb, " ", "--reason", "try"], catch_exceptions=False)


def test_a_pause_is_signed_and_a_decider_may_pause_and_resume_without_the_ring(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(written(tmp_path, "acme"), "pat", "start")
    keys("export", "decider", str(tmp_path / "decider.json"))
    runner = CliRunner()
    assert runner.invoke(app, ["pause", "acme", "--reason", "month end"]).exit_code == 0
    assert decisions(settings).paused(ERP, "acme") == "month end"
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(tmp_path / "decider.json"))
    assert runner.invoke(app, ["resume", "acme", "--reason", "closed"]).exit_code == 0
    assert decisions(settings).paused(ERP, "acme") == ""
    with pytest.raises(Broken, match=r"may not write|holds the keys of role 'decider'"):
        applied(written(tmp_path, "acme", label="x"), "pat", "")


def test_a_rotation_signs_again_what_is_in_force_and_the_old_key_signs_nothing_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = written(tmp_path, "acme")
    applied(path, "pat", "start")
    assert CliRunner().invoke(app, ["pause", "acme", "--reason", "month end"]).exit_code == 0
    file = tmp_path / "ring" / "keys.json"
    leaked = read_ring(file)
    before = connection()
    keys("rotate")
    assert "7 credential sets wrapped" in keys("rotate", "--finish")
    assert set(keys_at(file, (VERIFY,)).verifies["operator"]) == {read_ring(file).keys[0].id} != {leaked.keys[0].id}
    assert connection() == before
    assert in_force(Console()).connections["acme"].crosswalk.row("business_unit", "Plumbing") == {"subaccount": "PLB-000"}
    assert [key["name"] for key in store(settings, INGRESS).keys("acme", "webhook")] == ["first"]
    assert decisions(settings).paused(ERP, "acme") == "month end"
    assert applied(path, "pat", "again") == ((), [])
    assert "0 credential sets wrapped" in keys("rotate", "--finish")
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(ring_in(tmp_path / "leaked")))
    assert CliRunner().invoke(app, ["resume", "acme", "--reason", "I have the old key"]).exit_code == 0
    assert decisions(settings).paused(ERP, "acme") == "month end"


def test_a_ring_that_signed_nothing_of_what_is_there_drops_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    applied(written(tmp_path, "acme"), "pat", "start")
    strange = tmp_path / "strange.json"
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(strange))
    keys("new", str(strange))
    keys("rotate")
    before = strange.read_bytes()
    with pytest.raises(Broken, match="made none of the signatures"):
        CliRunner().invoke(app, ["keys", "rotate", "--finish"], catch_exceptions=False)
    assert strange.read_bytes() == before
