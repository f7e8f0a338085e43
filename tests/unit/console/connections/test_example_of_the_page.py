"""The example of `docs/connections.md` is a side that a connection takes as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from console.connections.files import read_connection
from console.connections.template import write_template
from tests.named import ROOT
from tests.unit.console.connections.test_template import filled


def test_the_example_of_an_erp_is_taken_as_it_stands(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "connections.md").read_text(), re.DOTALL)
    side = yaml.safe_load(example)
    write_template(tmp_path, "acme", side["erp"]["system"])
    file = tmp_path / "connection.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(filled(file.read_text())) | side, sort_keys=False))
    read = read_connection(file).settings
    assert read.erp.system == "oracle_fusion"
    assert read.erp.settings == side["erp"]["settings"]
