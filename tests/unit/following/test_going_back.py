"""From live to observe and back, by `apply` on a cluster in memory: the ceiling that was observed stays what it is."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from console.cli.main import app
from console.connections.applying import applied, in_force, plan_of
from console.connections.consent import Consent
from console.reading import Cluster as Console
from systems.connection import Ceiling
from tests.integration.console.files import written
from tests.systems import field_service
from tests.unit.console.entries import ERP, SOURCE, entry, example
from tests.unit.following.console import operator
from tests.unit.following.log import CODEC, Cluster
from topology.rules.identity import op_key
from topology.topics import link_key, object_key

FLOWS = {"A1": {"cutover_date": "2026-03-01"}, "A3": {"cutover_date": "2026-03-01"}}


@pytest.fixture(autouse=True)
def _operator(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, tmp_path: Path) -> None:
    operator(monkeypatch, cluster, tmp_path)
    monkeypatch.setattr("console.connections.applying.asked_of_erp", lambda *_: [])


def read(cluster: Cluster, source_id: str) -> None:
    made = field_service.invoice(source_id=source_id, number=f"N{source_id}")
    key = object_key("acme", made["system"], "invoice", source_id)
    cluster.put("canonical.invoice", key.encode(), CODEC.encode("canonical.invoice", "canonical.invoice", made))


def linked(cluster: Cluster, customer: str) -> None:
    one = {"connection": "acme", "entity": "customer", "source_system": SOURCE, "source_id": customer, "target_system": ERP}
    made = example("connection.link", **one, target_id="C000001", purpose="", part="")
    cluster.put("links", link_key(made).encode(), CODEC.encode("links", "connection.link", made))


def posted(cluster: Cluster, source_id: str) -> None:
    books = in_force(Console()).connections["acme"].books
    one = entry("invoice", source_id, "POSTED", op_key=op_key(books, "sale", ("invoice", source_id), "", "create"))
    cluster.put(f"ledger.{ERP}", one["op_key"].encode(), CODEC.encode(f"ledger.{ERP}", "result.ledger", one))


def ceiling(folder: Path, mode: str, flows: dict[str, Any]) -> Ceiling:
    """The ceiling in force after an apply that accepts whatever is asked."""
    path = written(folder, "acme", mode=mode, flows=flows)
    (folder / "crosswalk" / "business_unit.csv").write_text("business_unit,sales_account\nPlumbing - Service,40100\n")
    (folder / "crosswalk" / "tax_zone.csv").write_text("tax_zone,account\n77,22000\n")
    preview = plan_of(path, Consent()).preview
    held = frozenset(preview.names) if preview is not None else frozenset()
    consent = Consent(amount=preview.amount if preview is not None else Decimal(0), held=held, unmatched=True, remove_rows=True)
    assert applied(path, "pat", mode, consent)[1] == []
    return in_force(Console()).connections["acme"].settings.ceiling


@pytest.mark.parametrize("wrote", [True, False], ids=["wrote", "came to write nothing"])
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a flow that stays live"])
def test_the_ceiling_of_a_flow_that_goes_back_to_live_stays(cluster: Cluster, tmp_path: Path, beside: bool, wrote: bool) -> None:
    """Of a flow that went to observe because the ERP was away, before it had written anything, everything was added once more each time."""
    bills = {"A3": {**FLOWS["A3"], "mode": "live"}} if beside else {}
    live, observing = ({**bills, "A1": {**FLOWS["A1"], "mode": mode}} for mode in ("live", "observe"))
    ceiling(tmp_path, "observe", observing)
    linked(cluster, "500")
    first_ones = [str(number) for number in range(101, 141)]
    for one in first_ones:
        read(cluster, one)
    first = ceiling(tmp_path, "observe", live)
    assert first.documents_per_hour == 80 + (Ceiling().documents_per_hour if beside else 0)
    for one in first_ones if wrote else ():
        posted(cluster, one)
    if wrote:
        read(cluster, "201")
    for _ in range(2):
        assert ceiling(tmp_path, "observe", observing) == first
        assert ceiling(tmp_path, "observe", live) == first


def test_a_program_reads_what_apply_will_ask_for(cluster: Cluster, tmp_path: Path) -> None:
    """`plan` ended with 0 while something was to be confirmed, so that a script went on to an `apply` that was refused."""
    ceiling(tmp_path, "observe", {"A1": FLOWS["A1"]})
    read(cluster, "101")
    path = written(tmp_path, "acme", mode="live", flows={"A1": FLOWS["A1"]})

    def plan(*options: str) -> Result:
        return CliRunner().invoke(app, ["plan", str(path), "--remove-rows", *options], catch_exceptions=False)

    said = plan("--output", "json")
    told = json.loads(said.stdout)
    assert (said.exit_code, told["refused"]) == (1, [])
    assert told["to_confirm"][-1].endswith("apply with --yes 0.00")
    assert set(told["to_confirm"]) < set(told["told"])
    count = len(told["to_confirm"])
    shown = plan().stdout.splitlines()
    assert [line for line in shown if line.startswith("to confirm: ")] == [f"to confirm: {line}" for line in told["to_confirm"]]
    assert shown[-1].endswith(f", {count} to confirm before `apply` accepts it")
    preview = plan_of(path, Consent(remove_rows=True)).preview
    accepted = [word for name in (preview.names if preview is not None else ()) for word in ("--accept-held", name)]
    confirmed = plan("--yes", "0.00", "--unmatched", *accepted)
    assert (confirmed.exit_code, "to confirm" in confirmed.stdout) == (0, False)


def test_apply_says_what_it_did_not_ask_the_systems_about(cluster: Cluster, tmp_path: Path) -> None:
    """A new connection, and a live one with other accounts, were put in force without a word that nobody had asked the ERP about them."""
    flows = {"A1": FLOWS["A1"]}
    words = "not asked: whether the systems accept what is in force now; `ml-connector check acme` asks both systems"
    path = written(tmp_path, "acme", mode="observe", flows=flows)
    assert applied(path, "pat", "new")[0][-1] == words
    (tmp_path / "crosswalk" / "tax_zone.csv").write_text("tax_zone,account\n77,49999\n")
    assert applied(path, "pat", "another account")[0][-1] == words
    assert applied(path, "pat", "again") == ((), [])
    live = written(tmp_path, "acme", mode="live", flows=flows)
    consent = Consent(amount=Decimal(0), remove_rows=True)
    assert not any("not asked" in line for line in applied(live, "pat", "going live", consent)[0])
