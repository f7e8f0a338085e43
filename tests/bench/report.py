"""What was measured, beside its limit and its target; as a table for people and as JSON for comparing runs."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured number. `limit` is what was measured beside it (None = none).

    `target` is a text for people; `met` None = there is no target. `rounds` are the single values behind the median.
    """

    name: str
    value: float
    unit: str
    target: str
    met: bool | None
    limit: float | None = None
    limit_words: str = ""
    rounds: Sequence[float] = ()
    limit_rounds: Sequence[float] = ()
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Figure / limit: the median of the rounds' ratios, for the two of a round saw the same machine."""
        if not self.limit:
            return None
        return ratio_of(self.rounds, self.limit_rounds) if self.limit_rounds else self.value / self.limit

    def as_json(self) -> dict[str, Any]:
        """Everything of it."""
        return {**asdict(self), "ratio": self.ratio}


def at_least(name: str, values: Sequence[float], limits: Sequence[float], least: float, words: str, **more: Any) -> Figure:
    """A rate that has to reach `least` times the limit measured beside it, in the same rounds; what is shown are medians."""
    met = ratio_of(values, limits) >= least
    target = f">= {least:g} of the limit"
    return Figure(name, median(values), "/s", target, met, median(limits), words, tuple(values), tuple(limits), more)


def at_most(name: str, values: Sequence[float], limits: Sequence[float], most: float, words: str, **more: Any) -> Figure:
    """Processor time that may be `most` times the limit measured beside it, in the same rounds; what is shown are medians."""
    met = ratio_of(values, limits) <= most
    target = f"<= {most:g} times the limit"
    return Figure(name, median(values), "us", target, met, median(limits), words, tuple(values), tuple(limits), more)


def beside(name: str, values: Sequence[float], limits: Sequence[float], words: str, **more: Any) -> Figure:
    """Commands a second beside a limit of the same rounds, without a target; what is shown are medians."""
    return Figure(name, median(values), "commands/s", "", None, median(limits), words, tuple(values), tuple(limits), more)


def ratio_of(values: Sequence[float], limits: Sequence[float]) -> float:
    """The median of the ratios, round by round."""
    return median([value / limit for value, limit in zip(values, limits, strict=True)])


def median(values: Sequence[float]) -> float:
    """The middle value, of an even number the lower one of the two."""
    return sorted(values)[(len(values) - 1) // 2]


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was besides."""
    cpu = [
        line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "cpu": cpu[0] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory_kb / 1024 / 1024),
        "python": platform.python_version(),
        "system": platform.release(),
        "load_1min": round(os.getloadavg()[0], 2),
        "commit": commit,
    }


def show(figures: Sequence[Figure]) -> None:
    """The table."""
    table = Table("figure", "value", "limit measured beside it", "ratio", "target", "verdict", show_lines=True)
    for one in figures:
        verdict = "" if one.met is None else "met" if one.met else "MISSED"
        limit = f"{_number(one.limit)} {one.limit_words}" if one.limit is not None else one.limit_words
        ratio = f"{one.ratio:.2f}" if one.ratio is not None else ""
        table.add_row(one.name, f"{_number(one.value)} {one.unit}", limit, ratio, one.target, verdict)
    Console(width=150).print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
