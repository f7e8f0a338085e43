"""The elements of a planned day: steps on the day's clock, and how many things of each kind suit a day of that size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True)
class Step:
    """One event, so many seconds after the day began; `order` keeps steps of one instant in the order of planning.

    `corrects`: it changes a posted document, as a person does who notices a mistake in the books. `kind`: how the day counts it, set on one step of
    each correction.
    """

    at_s: float
    order: int
    event: dict[str, Any]
    corrects: bool = False
    kind: str = ""


@dataclass(frozen=True)
class DayOptions:
    """What `POST /__sim__/day` asks for.

    `corrections`: how many of each kind. `correction_kinds`: `few` are adjustments, voids, merges and unpostings of the day's own documents; `all`
    are these and every other kind of `day/corrections.py`, each on separate documents, with memberships, projects and deposits. `when_told`:
    corrections wait until `POST /__sim__/day/corrections`, so that the caller can first let everything reach the books.
    `receives_ordered`: people receive orders that an app made, and return some of the goods.
    `adjusts_stock`: warehouses and trucks are counted. `orders`: the least number of orders to vendors.
    """

    jobs: int = 500
    hours: float = 10.0
    seed: int = 1
    corrections: int = 0
    correction_kinds: str = "few"
    when_told: bool = False
    receives_ordered: bool = False
    adjusts_stock: bool = False
    orders: int = 0

    @property
    def seconds(self) -> float:
        """The length of every planned day, ten hours."""
        return 36_000.0

    @property
    def pace(self) -> float:
        """The factor that stretches planned seconds to the requested hours."""
        return self.hours * 3600 / self.seconds

    def share(self, part: float, least: int = 1) -> int:
        """This part of the number of jobs, but at least `least`."""
        return max(least, round(self.jobs * part))


@dataclass(frozen=True)
class Morning:
    """What the tenant has when the day begins: (location, customer) ids, vendors, units, and the day itself."""

    day: date
    places: tuple[tuple[int, int], ...]
    vendors: tuple[int, ...]
    units: tuple[tuple[int, str], ...]

    def before_cutover(self, days: int) -> str:
        """A day of an earlier month: this many days before the first of the present one."""
        return (self.day.replace(day=1) - timedelta(days=days)).isoformat()


class Steps:
    """Collects steps."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def add(self, at_s: float, do: str, kind: str = "", **members: Any) -> None:
        """Plan an event; `name` is the name for later references, `kind` the kind that it counts as."""
        self._steps.append(Step(at_s, len(self._steps), _event(do, members), kind=kind))

    def correct(self, at_s: float, do: str, kind: str = "", **members: Any) -> None:
        """Plan an event that corrects a posted document."""
        self._steps.append(Step(at_s, len(self._steps), _event(do, members), corrects=True, kind=kind))

    def in_order(self) -> list[Step]:
        """All steps as they are to be played."""
        return sorted(self._steps, key=lambda step: (step.at_s, step.order))


def _event(do: str, members: dict[str, Any]) -> dict[str, Any]:
    return {"do": do} | {("as" if key == "name" else key): value for key, value in members.items()}
