"""Writes the expected side of every example after a meant change: `python -m tests.systems.servicetitan.write_examples`. Read the difference."""

from __future__ import annotations

import json

from systems.servicetitan.mapping import to_canonical
from tests.systems.servicetitan.examples import FOLDER, READING, example, names, written


def main() -> None:
    for name in names():
        (found,) = to_canonical(example(name), READING)
        (FOLDER / f"{name}.expected.json").write_text(
            json.dumps(written(found), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        )


if __name__ == "__main__":
    main()
