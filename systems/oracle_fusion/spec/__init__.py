"""The attributes of the REST resources that the flows touch, and the columns of the journal import file.

Sources: `describe` columns in CData's driver help, singer-io/tap-oracle-fusion, Oracle's REST reference (farfa, fapra, fasrp), read 2026-11-20 and
2026-11-30. `read` marks an attribute that one of them names; `assumed` is general knowledge that has to be confirmed by `describe` of a real pod.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_NOT_QUERYABLE = frozenset(
    {"Comments", "InternalNotes", "SpecialInstructions", "EnteredAmount", "InvoiceBalanceAmount", "Email", "PhoneNumber"}
)
"""Attributes by which `describe` does not offer a search (the list is assumed)."""


@dataclass(frozen=True)
class Attribute:
    """`type` is string, integer, number, boolean, date or date-time."""

    name: str
    type: str
    is_read: bool

    @property
    def is_queryable(self) -> bool:
        """Whether `q` may name it."""
        return self.name not in _NOT_QUERYABLE


@cache
def attributes() -> Mapping[str, Mapping[str, Attribute]]:
    """Attributes by resource. A child's name follows that of its parent: `purchaseOrders.lines.schedules`."""
    found: dict[str, dict[str, Attribute]] = {}
    with (_FOLDER / "attributes.tsv").open(newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            found.setdefault(row["of"], {})[row["attribute"]] = Attribute(row["attribute"], row["type"], row["mark"] == "read")
    return found


@cache
def gl_interface_columns() -> tuple[str, ...]:
    """The columns of GL_INTERFACE in the order of the import template."""
    return tuple((_FOLDER / "gl_interface.txt").read_text().split())
