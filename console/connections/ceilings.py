"""The default ceiling of an hour, from what was observed when the connection went live, if the file gives none. Pure.

A fixed ceiling of ten thousand documents an hour would never stop anything at a contractor who writes sixty a day. A connection that goes live writes
at once what `plan` shows, and afterwards at most a busy day within an hour (a posting window, the end of an outage). Twice that is allowed; above it,
a person is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_UP, Decimal
from operator import add
from typing import Any

from console.connections.preview import Load, Preview
from systems.connection import Ceiling, ConnectionSettings

_TIMES = 2
_LEAST = 50
_LEAST_AMOUNT = Decimal(10_000)
_TO = Decimal(1000)


def of_observed(load: Load) -> Ceiling:
    """Twice the larger of what is written at once and of the busiest posting day. Amounts are rounded up to the next thousand."""
    count, amount = load.busiest
    most = max(load.written.count, count) * _TIMES
    money = max(abs(load.written.amount), amount) * _TIMES
    rounded = (money / _TO).to_integral_value(ROUND_UP) * _TO
    return Ceiling(documents_per_hour=max(most, _LEAST), amount_per_hour=max(rounded, _LEAST_AMOUNT))


def with_ceiling(after: ConnectionSettings, before: ConnectionSettings | None, preview: Preview | None) -> ConnectionSettings:
    """The settings with the ceiling that applies: the file's own, else that of the flows that go live, else the one in force. The ceiling of a flow
    that goes live is added to that of the other flows. A flow that was live before is already included: it is not added again, and does not lower the
    ceiling to the little that it still has to write. If nothing was observed yet, there is nothing to derive a ceiling from, and a low one would stop
    the first larger document. The default ceiling then stays in force. What is observed later replaces it, unless other flows are live, about which
    still nothing is known."""
    if "ceiling" in after.model_fields_set:
        return after
    if preview is None or not preview.written.count:
        return after.model_copy(update={"ceiling": before.ceiling}) if before is not None else after
    made = _known(before, preview)
    for load, how in ((preview.again, max), (preview.joining, add)):
        if load.written.count:
            made = _joined(made, of_observed(load), how) if made is not None else of_observed(load)
    return after.model_copy(update={"ceiling": made})


def _known(before: ConnectionSettings | None, preview: Preview) -> Ceiling | None:
    """The ceiling in force, if it is of flows that are live or that return; None if nothing of it is to be kept."""
    if before is None:
        return None
    is_of_returning = bool(preview.again.written.count) and before.ceiling != Ceiling()
    return before.ceiling if before.live_flows or is_of_returning else None


def _joined(one: Ceiling, other: Ceiling, how: Callable[[Any, Any], Any]) -> Ceiling:
    return Ceiling(
        documents_per_hour=how(one.documents_per_hour, other.documents_per_hour),
        amount_per_hour=how(one.amount_per_hour, other.amount_per_hour),
    )


def ceiling_notes(ceiling: Ceiling, preview: Preview | None) -> list[str]:
    """What `plan` says about a ceiling that does not come from the file, and its origin. Empty if nothing goes live, because the ceiling in force
    stays."""
    if preview is None:
        return []
    words = f"ceiling of an hour: {ceiling.documents_per_hour} documents, {ceiling.amount_per_hour:,f}"
    if not preview.written.count and ceiling != Ceiling():
        return [f"{words}; it is the one in force, `ceiling` in the file is another"]
    if not preview.written.count:
        return [f"{words}; nothing was observed from which a lower one could come, so write `ceiling` into the file"]
    if ceiling == Ceiling():
        return [f"{words}; it is the default, `ceiling` in the file is another"]
    observed = {of_observed(load) for load in (preview.again, preview.joining) if load.written.count}
    origin = "what was observed" if ceiling in observed else "the ceiling in force and what was observed"
    return [f"{words}; it comes from {origin}, `ceiling` in the file is another"]
