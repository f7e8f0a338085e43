"""Writes anew what each example of a raw record becomes, after a change of a record or normaliser. Read the difference before committing it.

`python -m tests.contract.write_expected`
"""

from __future__ import annotations

import json

from systems import registry
from systems.contract import System
from systems.mapped import Reading
from tests.contract import examples


def expected(system: System, name: str) -> str:
    """The text of an example's file: one object, or a list where its file has one or several follow."""
    found = [examples.normalised(one) for one in system.to_canonical(examples.raw(system, name), _reading(system))]
    path = examples.folder(system.name) / "examples" / f"{name}.expected.json"
    is_list = len(found) != 1 or (path.exists() and path.read_text().startswith("["))
    return json.dumps(found if is_list else found[0], indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _reading(system: System) -> Reading:
    return examples.connected(system).readings[system.name]


def main() -> None:
    """Write every file whose content is another."""
    for system in registry.systems():
        for name in examples.names(system.name, "raw"):
            path = examples.folder(system.name) / "examples" / f"{name}.expected.json"
            text = expected(system, name)
            if not path.exists() or json.loads(path.read_text()) != json.loads(text):
                path.write_text(text)


if __name__ == "__main__":
    main()
