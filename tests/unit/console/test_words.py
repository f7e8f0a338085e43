"""The words that people read: of checks, shares, records that came, the command itself."""

from __future__ import annotations

import os
import subprocess
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from console.books import words
from console.checking import findings
from console.cli.main import app
from console.cli.try_ import simulated
from console.connections.checks import refusals
from console.connections.files import ConnectionFiles
from runtime.errors import Broken
from runtime.settings import Settings
from systems.contract import checked
from tests.unit.console.entries import entry, example, settings

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("count", "what", "said"),
    [
        (1, "branch", "1 branch checked: ok"),
        (3, "branch", "3 branches checked: ok"),
        (2, "tax category", "2 tax categories checked: ok"),
        (2, "customer class", "2 customer classes checked: ok"),
        (40, "account", "40 accounts checked: ok"),
        (2, "query", "2 queries checked: ok"),
    ],
)
def test_what_was_checked_is_counted(count: int, what: str, said: str) -> None:
    assert checked(count, what) == said


def test_shares_over_the_limit_are_told_in_calls_a_second() -> None:
    mine, other = settings(), settings("beta")
    quota = mine.field_service.quota.model_copy(
        update={"calls": 60.0, "per_s": 1.0, "poller": 0.5, "sink": 0.4, "check": 0.0, "kept": 0.1}
    )
    both = [
        one.model_copy(update={"field_service": one.field_service.model_copy(update={"quota": quota})}) for one in (mine, other)
    ]
    files = ConnectionFiles(Path("connection.yaml"), both[0], ())
    said = [line for line in refusals(files, {"beta": both[1]}) if "times a second" in line and "of servicetitan" in line]
    assert len(said) == 1
    assert "these connections may call 114 times a second; the account allows 60" in said[0]


@pytest.mark.parametrize(
    ("how", "signature", "said"), [("fetch", "none", "fetched by us"), ("webhook", "ok demo", "signature ok demo")]
)
def test_a_record_that_we_fetched_has_no_signature_to_speak_of(how: str, signature: str, said: str) -> None:
    shown = words.received(example("raw.raw", how=how, signature=signature))
    assert said in shown
    assert "signature none" not in shown


@pytest.mark.parametrize(
    ("decision", "detail", "said"),
    [
        ("before_cutover", "A1: an imported balance", "imported balance, not posted"),
        (
            "before_cutover",
            "A1: dated 2025-12-31, the flow starts at 2026-01-01",
            "before the cut-over, not posted: dated 2025-12-31",
        ),
        ("not_due", "A1: status is Pending, it is due when posted", "not due yet: status is Pending"),
        ("own_origin", "A3V: it carries our ref ST-X", "own origin"),
    ],
)
def test_a_decision_is_told_in_words(decision: str, detail: str, said: str) -> None:
    assert said in words.decided(example("audit.audit", decision=decision, detail=detail))


@pytest.mark.parametrize(
    ("state", "more", "said"),
    [
        ("POSTED", {"erp_number": "000004"}, "posted as 000004"),
        ("POSTED", {"erp_id": "7"}, "posted as 7"),
        ("ADOPTED", {"erp_number": "000004"}, "found there and adopted as 000004"),
        ("UNCHANGED", {"reason": "linked", "erp_id": "C1"}, "linked with C1"),
        ("UNCHANGED", {"reason": "never_posted"}, "what it reverses was never written"),
        ("REJECTED", {"detail": "skip by Ada: paid"}, "skipped: skip by Ada: paid"),
        ("SUPERSEDED", {"detail": "voided by version 2"}, "voided by version 2"),
        ("WAITING", {"reason": "parent", "waits_for": ["customer/5"]}, "waiting: for customer 5"),
    ],
)
def test_an_outcome_is_one_line(state: str, more: dict[str, Any], said: str) -> None:
    assert words.outcome(entry("invoice", "1", state, **more)) == said


def test_kinds_are_counted_with_their_plurals() -> None:
    assert words.counted(["invoice"] * 14 + ["payment", "ap batch"]) == "14 invoices, 1 ap batch, 1 payment"


async def test_check_prints_where_webhooks_have_to_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(*_: Any) -> list[Any]:
        return []

    monkeypatch.setattr("console.checking.side_findings", none)
    own = settings()
    sessions = SimpleNamespace(
        credentials=SimpleNamespace(keys=lambda *_: []), settings=Settings.model_validate({"ingress": {"port": 8443}})
    )
    found = await findings(cast("Any", sessions), cast("Any", SimpleNamespace(settings=own)))
    said = {finding.subject: finding.words for _, finding in found}
    assert "http://127.0.0.1:8443/webhooks/servicetitan/acme" in said["webhook address"]
    assert "push address" not in said, "this connection has no key of pushes"


@pytest.mark.parametrize("asked", [["-h"], ["--help"], ["status", "-h"], ["held", "list", "-h"], ["try", "invoice", "-h"]])
def test_help_is_there_under_both_names(asked: list[str]) -> None:
    assert CliRunner().invoke(app, asked).exit_code == 0


def test_the_version_is_the_packages() -> None:
    said = CliRunner().invoke(app, ["--version"])
    assert (said.exit_code, said.output) == (0, f"ml-connector {metadata.version('ml-connector')}\n")


def test_a_shell_can_complete_it() -> None:
    assert "completion" in CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output


def test_make_alone_says_what_can_be_made() -> None:
    plain = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    said = subprocess.run(["make", "-C", str(ROOT), "--no-print-directory"], capture_output=True, text=True, check=True, env=plain)
    assert {"make demo", "make test", "make check", "make help"} <= {
        " ".join(line.split()[:2]) for line in said.stdout.splitlines()
    }


def test_nothing_is_made_up_in_a_real_system() -> None:
    real = settings()
    with pytest.raises(Broken, match="is not a simulator on this machine"):
        simulated(real)
    own = {**real.field_service.settings, "api_url": "http://127.0.0.1:9001", "auth_url": "http://127.0.0.1:9001"}
    near = real.model_copy(update={"field_service": real.field_service.model_copy(update={"settings": own})})
    assert simulated(near) == "http://127.0.0.1:9001"


@pytest.mark.parametrize("amount", ["abc", "-1", "0", "1.234", "NaN", "1e400", "Infinity"])
def test_an_amount_to_try_is_a_sum_of_money(amount: str) -> None:
    said = CliRunner().invoke(app, ["try", "invoice", "--amount", amount])
    assert isinstance(said.exception, Broken)
    assert repr(amount) in str(said.exception)


@pytest.mark.parametrize(
    ("detail", "flow"),
    [
        ("A1: status is Pending, it is due when posted", "A1"),
        ("status is Sent, it is due when posted", ""),
        ("no flow of Acumatica brings it: what it costs comes with the vendor's bill", ""),
        ("", ""),
        ("A3V: it carries our ref: X", "A3V"),
    ],
)
def test_a_decision_names_its_flow_or_none(detail: str, flow: str) -> None:
    """A sentence stood in the column of the flow, for what no flow brings."""
    assert words.flow_told(detail) == flow
