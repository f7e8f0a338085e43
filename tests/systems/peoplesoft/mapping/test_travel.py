"""Which vendors travel: codes of the settings and of the records in one normal form."""

from __future__ import annotations

import pytest

from tests.systems.field_service import vendor
from tests.systems.peoplesoft.mapping import ground


@pytest.mark.parametrize("kind", ["R", "R ", "\u00a0R", "R\u200b"])
def test_a_class_with_what_nobody_sees_travels(kind: str) -> None:
    chosen = ground.settings(vendor_classes=("R", "H "), vendor_statuses=("A",))
    record = vendor(source_id="SHARE/0000000012", status="A ", kind=kind)
    assert chosen.excludes("vendor", record) == ""
    assert chosen.excludes("vendor", record | {"kind": "H"}) == ""
    assert chosen.excludes("vendor", record | {"kind": "E"}) == "VENDOR_CLASS E does not travel"
    assert chosen.excludes("vendor", record | {"status": "I"}) == "VENDOR_STATUS I does not travel"
