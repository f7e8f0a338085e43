"""`docs/flows.md`: a row per flow of every ERP, drawn from the registry, and the tests that show it, from `docs/flows.yaml`.

Run `python -m console.pages.flows` (`make docs`) after a declaration or the table of tests has changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from systems import registry
from systems.contract import Flow, System, Write

ROOT = Path(__file__).parents[2]
TESTS, PAGE = ROOT / "docs" / "flows.yaml", ROOT / "docs" / "flows.md"
KINDS = {"contract": "contract", "end_to_end": "end to end"}
_HEAD = """# Flows

Drawn by `make docs` from the systems' declarations and from `docs/flows.yaml`; a test fails when it is stale.

*When*: what makes the flow look, and how often; a posting window of the connection (daily, twice daily, weekly, cron) delays it and never
aggregates. *Steps*: each one request of ours, in brackets what the system's own batch does and we watch; the promised one is in bold.
*Class*: what the system can promise about a second create with our ref ([guarantees](guarantees.md)). *Demo*: the row of
`ml-connector demo` that counts the flow at its source and at its target.
"""
_COLUMNS = ("flow", "from → to", "what", "when", "command: steps", "class, ref in", "examples", "demo")


def table_of_tests() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Flow -> kind of test -> tests (`path::name`)."""
    found: dict[str, dict[str, list[str]]] = yaml.safe_load(TESTS.read_text())
    return found


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(line + "\n" for erp in registry.erps() for line in lines_of(erp))


def lines_of(erp: System) -> Iterator[str]:
    """The section of one ERP, line by line."""
    yield from ("", f"## {erp.title}", "", f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|")
    for flow in erp.flows:
        yield f"| {' | '.join(_cells(erp, flow))} |"
    yield ""
    shown = table_of_tests()
    for flow in erp.flows:
        for kind, words in KINDS.items():
            tests = shown.get(f"{erp.name}/{flow.id}", shown.get(flow.id, {})).get(kind, ())
            yield f"- {flow.id}, {words}: " + ", ".join(f"`{test}`" for test in tests)


def _cells(erp: System, flow: Flow) -> Iterator[str]:
    source, target = registry.system(flow.source), registry.system(flow.target) if flow.target else None
    written = [one for record in flow.records for one in (target.writes if target else ()) if one.record == record]
    held = [record for record in flow.records if record not in {one.record for one in written}]
    yield flow.id
    yield f"{source.title} → {target.title if target else 'log'}"
    yield "; ".join((flow.title, *_limits(erp, flow)))
    yield _when(source, flow)
    steps = [_steps(one) for one in written] + [f"`{record}`: held by name" for record in held]
    yield "<br>".join(steps) or ("read only" if flow.entity else "`links`, decided by a person")
    yield "<br>".join(dict.fromkeys(_class(one) for one in written)) or "-"
    yield str(_examples(flow)) if flow.records else "-"
    yield f"`--erp {erp.name}` {flow.id}"


def _limits(erp: System, flow: Flow) -> Iterator[str]:
    """What a person has to know before switching it on."""
    if flow.off_by_default:
        yield "off by default"
    beside = [other.id for other in erp.flows if other.id in flow.excludes or flow.id in other.excludes]
    if beside:
        yield f"not beside {', '.join(beside)}"


def _when(source: System, flow: Flow) -> str:
    cadences = [feed.cadence for feed in source.feeds if feed.entity == flow.entity]
    if not flow.entity:
        return "by `match`, before `live`"
    told = ["webhook"] if source.signing is not None else []
    told += [f"poll every {_length(min(cadences))}"] if cadences else []
    return ", ".join([*told, *([f"window {flow.window}"] if flow.window != "immediate" else [])])


def _length(cadence: timedelta) -> str:
    seconds = int(cadence.total_seconds())
    if seconds % 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def _steps(write: Write) -> str:
    shown = [f"**{step}**" if step == write.promised else step for step in write.steps]
    watched = [f"[{text}]" if step in write.watched else text for step, text in zip(write.steps, shown, strict=True)]
    return f"`{write.record}`: {', '.join(watched)}"


def _class(write: Write) -> str:
    return f"{write.capability}, {write.ref_field or 'its parents'}"


def _examples(flow: Flow) -> int:
    """Example pairs of the mapping that this flow goes through."""
    folder = ROOT / "systems" / (flow.target or flow.source) / "examples"
    return sum(1 for path in folder.glob(f"{flow.entity}.*.commands.json") if re.search(f'"flow": *"{flow.id}"', path.read_text()))


def main() -> Any:
    """Write the page."""
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
