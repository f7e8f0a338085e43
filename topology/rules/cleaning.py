"""Free text without the characters that no target can keep. Pure.

Control characters, halves of surrogate pairs and noncharacters cannot be written in XML, and systems that take them in JSON keep them
elsewhere as XML: one in a description held the whole document. They become a blank, and the hop notes it. Codes, numbers and keys are
never touched: another one would be another account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from systems.mapped import Draft

UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_FREE = frozenset(["description", "name", "memo", "reason", "street", "unit", "city", "state", "zip", "country", "phone", "email"])


def cleaned(draft: Draft) -> tuple[Draft, list[str]]:
    """The draft with clean texts, and the names of those that were not."""
    notes: list[str] = []
    body = _cleaned(draft.body, "", notes)
    return (replace(draft, body=body), notes) if notes else (draft, notes)


def _cleaned(record: Mapping[str, Any], where: str, notes: list[str]) -> dict[str, Any]:
    made = dict(record)
    for name, value in record.items():
        if name in _FREE and isinstance(value, str) and UNFIT.search(value):
            made[name] = UNFIT.sub(" ", value)
            notes.append(f"{where}{name}")
        elif name == "lines":
            made[name] = [_cleaned(line, f"line {number} ", notes) for number, line in enumerate(value, 1)]
    return made
