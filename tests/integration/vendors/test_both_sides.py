"""Vendors between an ERP and the field service, over a real broker: each field by its owner, each vendor once, nothing by polling alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded.cluster import EmbeddedCluster
from tests.integration.ingress.stage import eventually
from tests.integration.vendors.stage import SERVICE, Stage, staged

pytestmark = [pytest.mark.kafka]
FIRST, SECOND = "0000000012", "0000000014"


@pytest.fixture
def stage(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Stage]:
    with staged(cluster, tmp_path) as made:
        yield made


def test_edited_on_both_sides_the_owners_field_wins_and_the_other_change_is_listed(stage: Stage) -> None:
    stage.erp(FIRST)
    stage.poll()
    stage.until({f"SHARE/{FIRST}": "POSTED"})
    created = stage.vendors()[FIRST]
    assert (created["name"], created["contact"]["phone"]) == ("Delta Pipe & Supply", "512/555-0143")
    edit = {"name": "Delta (slow)", "memo": "ask for Dana", "contact": {"phone": "214"}}
    stage.service({"do": "change_vendor", "vendor": created["id"], **edit})
    stage.erp(FIRST, NAME1="Delta Pipe Inc", PHONE="999", LAST_MODIFIED_DATE="2026-03-07")
    stage.poll()
    kept = eventually(lambda: stage.vendors()[FIRST], lambda seen: seen["name"] == "Delta Pipe Inc")
    assert (kept["memo"], kept["contact"]["phone"]) == ("ask for Dana", "214")
    told = eventually(lambda: stage.decided("overruled"), bool)
    assert told == ["name: Delta (slow) -> Delta Pipe Inc; phone: 999 -> 214"]
    ref = created["external"]["mlConnectorRef"]
    assert stage.writes() == [("create", ref), ("update", ref), ("update", ref)], "ours, the person's, and one of ours"


def test_ten_cycles_of_polling_both_ways_add_nothing(stage: Stage) -> None:
    stage.erp(FIRST)
    stage.erp(SECOND, NAME1="Ferris Tools", VENDOR_NAME_SHORT="FERRIS")
    stage.erp("0000000099", NAME1="Not approved", VENDOR_STATUS="E")
    stage.poll()
    stage.until({f"SHARE/{one}": "POSTED" for one in (FIRST, SECOND)})
    stage.poll()  # what was written comes back as a sighting of the field service, once
    eventually(lambda: stage.wire.count("canonical.vendor"), lambda count: count == 3 + 3 + 2)
    commands, writes, reads = stage.wire.count(f"command.{SERVICE}"), stage.writes(), stage.reads
    assert (commands, [one for one, _ in writes]) == (2, ["create", "create"])
    assert stage.decided("excluded") == ["P3: VENDOR_STATUS E does not travel"]
    before = stage.counted("duplicate", "stale")
    for _ in range(10):
        stage.poll()
    eventually(lambda: stage.counted("duplicate", "stale") - before, lambda count: count >= stage.reads - reads)
    assert (stage.wire.count(f"command.{SERVICE}"), stage.writes()) == (commands, writes)
    assert (stage.wire.count("canonical.vendor"), stage.wire.count("command.peoplesoft")) == (8, 0)
    assert stage.wire.count("dead") == 0


def test_a_matched_vendor_is_kept_up_to_date_under_its_own_id_and_a_deactivation_arrives(stage: Stage) -> None:
    theirs = stage._ask("GET", "holdings?entity=vendors")["holdings"][0]
    stage.link(FIRST, str(theirs["id"]))
    stage.erp(FIRST)
    stage.poll()
    stage.until({f"SHARE/{FIRST}": "POSTED"})
    matched = stage.vendors()[FIRST]
    assert (matched["id"], matched["name"], matched["contact"]) == (theirs["id"], "Delta Pipe & Supply", theirs["contact"])
    stage.erp(FIRST, VENDOR_STATUS="I", LAST_MODIFIED_DATE="2026-03-07")
    stage.poll()
    eventually(lambda: stage.vendors()[FIRST]["active"], lambda active: active is False)
    assert len([one for one in stage.writes() if one[0] == "create"]) == 0
