"""Removes from free text the characters that no target can store. Pure.

Control characters, halves of surrogate pairs and noncharacters cannot be written in XML, and systems that accept them in JSON store them as
XML elsewhere: one such character in a description held the whole document. Each becomes a blank, and the hop notes it. Codes, numbers and
keys are never changed, because a changed code could be the code of another account.
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
    """The draft with clean texts, and the names of the fields that were changed."""
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
