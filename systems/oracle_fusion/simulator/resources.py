"""What a pod offers for each resource: the privileges that it requires, its finders, and the rules for writing it.

Sources of privileges: "Get Started" pages of farfa for receivables, "Get Enterprise Structures" and "Get General Ledger Setups" pages for lists;
those of purchasing, receiving and integration are assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.shapes import Shape, shapes

Find = Callable[[Pod, Mapping[str, str]], list[Row]]


@dataclass(frozen=True)
class Rules:
    """How a resource is written; None if it cannot be. Each function takes the pod and returns the row as it is afterwards, or raises `Refused`.

    `add` are children that may be added to an existing row, `act` its actions, each with the row and the body.
    """

    create: Callable[[Pod, Row], Row] | None = None
    change: Callable[[Pod, Row, Row], Row] | None = None
    remove: Callable[[Pod, Row], None] | None = None
    add: Mapping[str, Callable[[Pod, Row, Row], Row]] = field(default_factory=dict)
    act: Callable[[Pod, Row, str, Row], Any] | None = None


@dataclass(frozen=True)
class Resource:
    """One resource. `units` is the attribute by which data security hides rows; `is_listed` says whether all rows can be listed."""

    name: str
    read: str = ""
    write: str = ""
    units: str = ""
    finders: Mapping[str, Find] = field(default_factory=dict)
    needs_finder: bool = False
    is_listed: bool = True
    rows: Callable[[Pod], list[Row]] | None = None
    row: Callable[[Pod, str], Row | None] | None = None
    rules: Rules = field(default_factory=Rules)
    wraps_change: Callable[[Pod, Row], bool] | None = None

    @property
    def shape(self) -> Shape:
        """Its attributes and children."""
        return shapes()[self.name]
