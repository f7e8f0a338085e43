"""The switches of the simulated tenant, as `ml-connector simulate servicetitan --set key=value` gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from runtime.simulator.switches import Switches


@dataclass
class Settings(Switches):
    """What the vendor or an administrator decides about the tenant. It can be changed while the tenant runs (`POST /__sim__/settings`).

    `scopes_off` are scopes that the app lacks, separated by commas. `unknown_members` of a written vendor are refused or dropped (refuse,
    drop); a vendor written over the API is shown `lookup_lag_s` later. Seconds run on the simulator's clock, except for `latency_s` and
    `webhook_timeout_s`; calls and tokens are counted on the real clock, 0 = no limit.
    """

    system: ClassVar[str] = "servicetitan"
    tenant_id: str = "1234567890"
    timezone: str = "America/Chicago"
    currency: str = "USD"
    customers: int = 120
    vendors: int = 40
    scopes_off: str = ""
    app_key_status: int = 401
    token_life_s: int = 900
    tokens_per_second: int = 20
    calls_per_second: int = 60
    max_page_size: int = 5000
    export_page_size: int = 500
    export_lag_s: int = 900
    export_repeat_s: int = 60
    auto_bill: bool = True
    unknown_members: str = "refuse"
    lookup_lag_s: float = 0.0
    webhook_senders: int = 8
    webhook_timeout_s: float = 5.0
