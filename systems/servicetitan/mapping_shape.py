"""What every shape function of this system takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from systems.servicetitan.settings import Settings


@dataclass(frozen=True)
class Context:
    """Values of the connection that a shape needs: its zone for real timestamps, the tenant's currency, its settings; and what a shape
    notes of numbers that are not kept as they came."""

    connection: str
    time_zone: str
    currency: str
    settings: Settings
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Shaped:
    """The entity's own fields, and what of the envelope only the entity knows.

    `fingerprint` holds the values that move money; None for master data. `status` is the posting state where there is one.
    """

    body: Mapping[str, Any]
    number: str = ""
    status: str = ""
    fingerprint: list[Any] | None = None
    origin_ref: str | None = None
