"""What the suite has to know of the toy's books."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from systems.demo import Ask, Kept


class ToyDemo:
    """As much of `systems.demo.Demo` as the suite asks for."""

    def simulator_settings(self, scale: float) -> Mapping[str, str]:
        return {}

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        return {"url": url}, {"group": "toy", "calls": 100}, {"token": str(ready["token"])}

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        return {}

    def paths(self) -> tuple[str, ...]:
        return ("bills",)

    def kept(self, ask: Ask) -> list[Kept]:
        return [Kept("bill", row["number"], row["ref"], Decimal(row["amount"]), row["date"], True) for row in ask("bills")["bills"]]


DEMO = ToyDemo()
