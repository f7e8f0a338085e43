"""The switches of the simulated account, as `ml-connector simulate netsuite --set key=value` will give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from runtime.simulator.switches import Switches


@dataclass
class Settings(Switches):
    """What an administrator or the licence decides about the account. It can be changed while the account runs (`POST /__sim__/settings`).

    Units are in the names. `work_s` are real seconds for which a call keeps its place among the simultaneous ones; the search lag and everything
    in minutes or days runs on the simulator's clock. `denied` takes a record type away from the role, or what follows its name: `vendorBill`,
    `customer:edit`, and the permissions `suiteql`, `rest`, `oauth2` and `tokens`. `open_from` is the first open month (`2026-01`), "" = January.
    `locked` names periods that are locked from the beginning, for one side or for all: `Mar 2026/AP,Feb 2026/AR,Jan 2026/ALL`.
    """

    system: ClassVar[str] = "netsuite"
    choices: ClassVar = {
        "date_format": ("M/D/YYYY", "D/M/YYYY", "D.M.YYYY", "YYYY-MM-DD", "DD-Mon-YYYY"),
        "over_limit_form": ("429", "invalid_login"),
        "certificate_key": ("ec", "rsa"),
        "duplicate_external_id": ("refuse", "accept"),
        "duplicate_bill_number": ("refuse", "accept"),
    }
    timezone: str = "America/Los_Angeles"
    date_format: str = "M/D/YYYY"
    concurrent_requests: int = 5
    used_by_others: int = 0
    over_limit_form: str = "429"
    work_s: float = 0.0
    token_minutes: int = 60
    certificate_key: str = "ec"
    certificate_days: int = 365
    tba_enabled: bool = True
    denied: str = ""
    oneworld: bool = True
    department_required: bool = False
    class_required: bool = False
    location_required: bool = False
    order_approval: bool = False
    bill_approval: bool = False
    bill_before_receipt: bool = True
    duplicate_external_id: str = "refuse"
    duplicate_bill_number: str = "accept"
    auto_number_customers: bool = True
    auto_number_vendors: bool = False
    tax_automatic: bool = True
    search_lag_s: float = 0.0
    row_ceiling: int = 100_000
    shuffled: bool = True
    open_from: str = ""
    locked: str = ""
    event_contexts: str = "REST,UI"
    customers: int = 60
    vendors: int = 20
    orders: int = 0
    history: int = 0
