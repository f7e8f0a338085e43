"""What `plan` refuses beside values that do not fit: rules over a connection and over all of them together, each with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from console.connections.checks import lines_of, refusals, without_effect
from console.connections.files import read_connection
from console.connections.preview import Preview, entities_off
from systems import registry
from systems.connection import ConnectionSettings
from tests.unit.console import entries
from tests.unit.console.connections.ground import file_with

_KNOWN = registry.system
LIVE = ("label: Acme", "label: Acme\nmode: live")
EAST = ("connection: acme", "connection: acme-east")
OTHER_GROUPS = (("group: st", "group: st2"), ("group: acu", "group: acu2"))


def settings(folder: Path, *changes: tuple[str, str]) -> ConnectionSettings:
    return read_connection(file_with(folder, *changes)).settings


def refused(folder: Path, in_force: list[ConnectionSettings], *changes: tuple[str, str]) -> list[str]:
    path = file_with(folder, *changes)
    found = refusals(read_connection(path), {one.connection: one for one in in_force})
    return [line.removeprefix(f"{path}:") for line in found]


def test_a_second_live_connection_on_the_same_books_is_refused(tmp_path: Path) -> None:
    """Both had the same op-keys, each a ledger of its own: every document would have been written twice."""
    first = settings(tmp_path, LIVE)
    (line,) = refused(tmp_path, [first], LIVE, EAST, *OTHER_GROUPS)
    assert line.startswith("3: mode: connection acme is live on the same tenant and company already")
    assert refused(tmp_path, [first], LIVE) == []


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (("company_id: ACME", "company_id: acme"), 1),
        (("instance_id: acme-prod", "instance_id: other-name"), 1),
        (("base_url: https://acme.example.com/Acme", "base_url: https://acme.example.com/Acme/"), 1),
        (("company_id: ACME", "company_id: OTHER"), 0),
        (("tenant_id: 1001", "tenant_id: 1002"), 0),
        (("A1: {cutover", "A1: {enabled: false, cutover"), 0),
        (("A1: {cutover", "A1: {mode: shadow, cutover"), 0),
    ],
)
def test_the_same_books_are_told_by_tenant_company_and_instance(tmp_path: Path, change: tuple[str, str], count: int) -> None:
    first = settings(tmp_path, LIVE)
    assert len(refused(tmp_path, [first], LIVE, EAST, *OTHER_GROUPS, change)) == count


def test_a_connection_that_observes_may_stand_beside_a_live_one(tmp_path: Path) -> None:
    live = settings(tmp_path, LIVE)
    assert refused(tmp_path, [live], EAST, *OTHER_GROUPS) == []


@pytest.mark.parametrize("window", ["sometimes", "daily 25:00", "weekly fry 10:00", "cron 61 * * * *", "daily"])
def test_a_window_that_no_sink_can_read_is_refused(tmp_path: Path, window: str) -> None:
    (line,) = refused(tmp_path, [], ("A1: {cutover", f"A1: {{window: '{window}', cutover"))
    assert line.startswith("27: flows.A1.window: ")


@pytest.mark.parametrize("day", ["soon", "2026-03-31", "2026-03-31T00:00:00"])
def test_the_end_of_a_key_has_a_zone(tmp_path: Path, day: str) -> None:
    (line,) = refused(tmp_path, [], ("secret: env:HOOK", f"secret: env:HOOK, not_after: '{day}'"))
    assert line.startswith("25: webhook_keys[0].not_after: is not an instant with a zone")


def test_what_nobody_filled_in_is_refused_in_tables_too(tmp_path: Path) -> None:
    (tmp_path / "crosswalk").mkdir()
    (tmp_path / "crosswalk" / "business_unit.csv").write_text("business_unit,subaccount\nPlumbing,FILL IN\nfill in,PLB\n")
    found = refused(tmp_path, [])
    assert [line.partition(" still")[0] for line in found] == [
        "1: crosswalk: business_unit.Plumbing",
        "1: crosswalk: business_unit.fill in",
    ]


def test_simulators_on_this_machine_need_the_profile_and_the_variable_is_named(tmp_path: Path) -> None:
    found = refused(tmp_path, [], ("base_url: https://acme.example.com/Acme", "base_url: http://127.0.0.1:9001"))
    assert found[0].startswith("17: erp.settings.base_url: ")
    assert "ML_CONNECTOR_PROFILE=demo" in found[0]


def test_identity_never_changes_and_its_line_is_named(tmp_path: Path) -> None:
    now = settings(tmp_path)
    found = refused(tmp_path, [now], ("company_id: ACME", "company_id: OTHER"))
    assert found == ["20: erp.settings.company_id: ACME -> OTHER: identity does not change"]


def test_shares_of_one_account_above_its_limit_are_told_at_the_quota(tmp_path: Path) -> None:
    first = settings(tmp_path, ("group: st", "group: st2"))
    found = refused(tmp_path, [first], EAST)
    assert [line[:30] for line in found] == ["15: erp.quota: quota group acu"] * 2


# --- another profile ----------------------------------------------------------------------------------------------------

JOURNALS = """\
connection: blue
label: Blue Ridge
mode: live
environment: test
time_zone: America/Chicago
field_service:
  system: servicetitan
  credentials: {client_id: env:ST_ID, client_secret: env:ST_SECRET, app_key: env:ST_KEY}
  quota: {group: st, calls: 60}
  settings: {environment: test, tenant_id: 1001}
erp:
  system: peoplesoft
  credentials: {username: env:PS_USER, password: env:PS_PASSWORD}
  quota: {group: ps, calls: 60}
  settings:
    base_url: https://ps.example.com
    node: PSFT_FS
    instance_id: ps-prod
    company_id: PS
    database_zone: America/Chicago
    profile: journal
    accounts: {receivable: 120000}
webhook_keys:
  - {name: first, secret: env:HOOK}
flows:
  P1: {cutover_date: 2026-03-01}
"""
VOUCHERS = ("    profile: journal\n", "    profile: voucher\n")
FROM = ("    profile: journal\n", "    profile: voucher\n    profile_from: 2026-07-01\n")


def switched(folder: Path, before: list[tuple[str, str]], *after: tuple[str, str]) -> list[str]:
    """What is refused of a file of this connection, by setting."""
    now = read_connection(file_with(folder, *before, text=JOURNALS)).settings
    path = file_with(folder, *after, text=JOURNALS)
    return [line.partition(": ")[2] for line in refusals(read_connection(path), {"blue": now})]


def test_a_live_connection_takes_another_profile_only_from_a_day_on(tmp_path: Path) -> None:
    (line,) = switched(tmp_path, [], VOUCHERS)
    assert line.startswith("erp.settings.profile: journal -> voucher without profile_from")
    assert switched(tmp_path, [], FROM) == []
    assert switched(tmp_path, []) == []


def test_the_day_of_an_earlier_switch_is_not_the_day_of_the_next_one(tmp_path: Path) -> None:
    back = ("    profile: journal\n", "    profile: journal\n    profile_from: 2026-07-01\n")
    (line,) = switched(tmp_path, [FROM], back)
    assert line.startswith("erp.settings.profile_from: voucher -> journal from 2026-07-01")
    later = ("    profile: journal\n", "    profile: journal\n    profile_from: 2026-09-01\n")
    assert switched(tmp_path, [FROM], later) == []


def test_a_connection_that_writes_nothing_yet_may_change_its_mind(tmp_path: Path) -> None:
    assert switched(tmp_path, [("mode: live", "mode: observe")], VOUCHERS) == []
    assert switched(tmp_path, [("P1: {cutover", "P1: {enabled: false, cutover")], VOUCHERS) == []


def test_a_choice_that_changes_nothing_with_this_erp_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tax_mode: erp` with SYSPRO was taken, and nothing computed a tax."""
    chosen = ("label: Acme", "label: Acme\ntax_mode: erp")
    declared = registry.system("acumatica")
    monkeypatch.setattr(
        "systems.registry.system",
        lambda name: replace(declared, without=frozenset({"tax_mode"})) if name == "acumatica" else _KNOWN(name),
    )
    files = read_connection(file_with(tmp_path, chosen))
    (line,) = lines_of(files, without_effect(files.settings))
    assert line.endswith("3: tax_mode: this changes nothing with Acumatica; the line may go")
    assert refused(tmp_path, [], chosen) == []


def without_feeds(names: str) -> tuple[str, str]:
    return "tenant_id: 1001", f"tenant_id: 1001\n    feeds_off: [{names}]"


def test_a_feed_to_leave_out_that_is_none_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """A misspelt name was taken, and its feed was read all the same."""
    (line,) = refused(tmp_path, [], without_feeds("jobs, invoice"))
    assert line.startswith("12: field_service.settings.feeds_off: Is 'invoices' meant? ServiceTitan has no feed 'invoice'; feeds: ")
    assert refused(tmp_path, [], without_feeds("jobs")) == []


def test_a_flow_that_no_feed_is_left_for_is_told(tmp_path: Path) -> None:
    files = read_connection(file_with(tmp_path, without_feeds("invoices, ap-bills")))
    (line,) = lines_of(files, without_effect(files.settings))
    assert "no feed is left that reads what A1 (" in line
    assert line.endswith("it learns of that by webhooks alone")
    left = read_connection(file_with(tmp_path, without_feeds("ap-bills")))
    assert list(without_effect(left.settings)) == [], "bills have other feeds, and no flow of theirs is on"


def test_a_feed_that_is_off_is_not_one_that_was_not_read_yet() -> None:
    """Going live told to wait for what is read from now on, of a feed that nobody reads."""
    own = entries.settings()
    flow = next(flow for flow in own.erp.declared.flows if flow.entity == "invoice")
    off = entries.without_feeds(own, "invoices")
    assert (entities_off(own, [flow]), entities_off(off, [flow])) == ((), ("invoice",))
    said = Preview("USD", is_read=False, off=("invoice",)).words()
    assert said.endswith("; no feed reads any invoice (feeds_off): only what webhooks bring is known and will be written")
