"""What the suite has to know of the toy's books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from systems.demo import Act, Ask, Balances, BookedDocument, Demo, Expected, Issued, planned, whole
from systems.flow import Flow


class ToyDemo:
    """See `systems.demo.Demo`."""

    @property
    def connection(self) -> str:
        return "toy-shop"

    @property
    def label(self) -> str:
        return "Toy shop, demo"

    def simulator_settings(self, scale: float, number: int = 0) -> Mapping[str, str]:
        return {}

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        return {"url": url}, {"group": "toy", "calls": 100}, {"token": str(ready["token"])}

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        return {}

    def paths(self) -> tuple[str, ...]:
        return ("bills",)

    def issued(self, entity: str, ask: Ask) -> list[Issued]:
        return []

    def read(self, flow: str, ask: Ask) -> set[str]:
        return set()

    def balances(self, ask: Ask) -> Balances:
        return Balances(None, None)

    def flow_settings(self) -> Mapping[str, Mapping[str, Any]]:
        return {}

    def acts(self, ask: Ask, links: Mapping[str, Mapping[str, str]]) -> Sequence[Act]:
        return ()

    def faults(self) -> Sequence[Act]:
        return (planned("three answers are lost", {"kind": "lost_answer", "method": "POST", "path": "/bills", "count": 3}),)

    def expected(self, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
        return whole(flow.purpose, one)

    def booked(self, ask: Ask) -> list[BookedDocument]:
        return [
            BookedDocument("bill", row["number"], row["ref"], Decimal(row["amount"]), row["date"], True)
            for row in ask("bills")["bills"]
        ]


DEMO: Demo = ToyDemo()
