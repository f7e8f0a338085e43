"""`docs/metrics.md`: the table of all metrics, drawn from their declarations below what a person wrote.

Run `python -m console.pages.metrics` (`make docs`) after a metric has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runtime import metrics
from services.sinks.gauges import FAMILIES

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_MARKER = "<!-- drawn by `make docs` -->\n"
_SUFFIX = {"counter": "_total", "info": "_info"}


def page() -> str:
    """The whole page: everything up to the marker as it is, then the table."""
    written, _, _ = PAGE.read_text().partition(_MARKER)
    return written + _MARKER + "".join(f"{line}\n" for line in _table())


def _table() -> Iterator[str]:
    yield "| metric | labels | what it says |"
    yield "|---|---|---|"
    for name, labels, words in sorted(_rows()):
        yield f"| `{name}` | {', '.join(f'`{label}`' for label in labels)} | {words} |"


def _rows() -> Iterator[tuple[str, tuple[str, ...], str]]:
    for metric in metrics.declared():
        for family in metric.describe():
            yield family.name + _SUFFIX.get(family.type, ""), metric._labelnames, family.documentation
    for name, words, labels in FAMILIES:
        yield name, labels, words


if __name__ == "__main__":
    PAGE.write_text(page())
