"""What every writer of applications decides alike. Pure."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from systems.contract import ResolvedCommand


def application_day(resolved: ResolvedCommand, invoiced_on: date | None) -> date:
    """The day of an application: its own, but never before the day of the invoice that it settles, because ERPs refuse that. `invoiced_on` is None if
    the ERP shows no such day."""
    own: date = resolved.post_on or cast("dict[str, Any]", resolved.command)["date"]
    return max(own, invoiced_on or own)
