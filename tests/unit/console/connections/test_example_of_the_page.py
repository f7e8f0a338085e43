"""Each example of `docs/connections.md` is a side that a connection takes as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from console.connections.files import read_connection
from console.connections.template import write_template
from tests.named import ROOT
from tests.unit.console.connections.test_template import filled

EXAMPLES = {
    side["erp"]["system"]: side
    for side in map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "connections.md").read_text(), re.DOTALL))
}


@pytest.mark.parametrize("name", ["oracle_fusion", "netsuite"])
def test_the_example_of_an_erp_is_taken_as_it_stands(name: str, tmp_path: Path) -> None:
    side = EXAMPLES[name]
    write_template(tmp_path, "acme", name)
    file = tmp_path / "connection.yaml"
    whole = yaml.safe_load(filled(file.read_text()))
    flows = {"flows": whole["flows"] | side.get("flows", {})}
    file.write_text(yaml.safe_dump(whole | side | flows, sort_keys=False))
    read = read_connection(file).settings
    assert read.erp.system == name
    assert read.erp.settings == side["erp"]["settings"]
    assert {flow for flow, own in side.get("flows", {}).items() if own.get("enabled")} <= {
        flow for flow, own in read.flows.items() if own.enabled
    }
