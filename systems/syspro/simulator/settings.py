"""The switches of the simulated site, as `ml-connector simulate syspro --set key=value` gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from runtime.simulator.switches import Switches


@dataclass
class Settings(Switches):
    """What an administrator or the licence decides about the site. It can be changed while the site runs (`POST /__sim__/settings`).

    Units are in the names; minutes run on the simulator's clock. `elements`: "strict" refuses elements that are unknown or out of order, "loose"
    ignores the unknown ones, as a live service did. `answer_form` is how the REST service wraps its texts. `unlicensed` are business objects,
    `hidden_tables` tables that operator security hides from everybody; both separated by commas. `next_link` says whether a truncated OData page
    names the next one. `first_month` is the current month of accounts payable when the site is made (`2026-03`), "" = that of the clock. The counts
    of the last line are what the site is seeded with.
    """

    system: ClassVar[str] = "syspro"
    choices: ClassVar = {
        "elements": ("strict", "loose"),
        "answer_form": ("bare", "quoted", "string"),
        "negative_stock": ("refuse", "accept"),
        "credit_over_balance": ("warn", "refuse", "accept"),
    }
    timezone: str = "America/Chicago"
    company: str = "EDU1"
    version: str = "7.0.0.6"
    enet: bool = True
    soap: bool = True
    odata: bool = True
    seats: int = 4
    idle_minutes: int = 20
    url_bytes: int = 16_384
    answer_form: str = "bare"
    elements: str = "strict"
    unlicensed: str = ""
    hidden_tables: str = ""
    odata_rows: int = 5_000
    next_link: bool = True
    padded: bool = False
    supplier_length: int = 7
    order_length: int = 6
    negative_stock: str = "refuse"
    credit_over_balance: str = "warn"
    first_month: str = ""
    open_months: int = 3
    suppliers: int = 0
    orders: int = 0
    history: int = 0
