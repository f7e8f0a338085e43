"""The switches of the simulated tenant, as `ml-connector simulate acumatica --set key=value` gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from runtime.simulator.switches import Switches


@dataclass
class Settings(Switches):
    """What an administrator or a licence decides about the tenant. It can be changed while the tenant runs (`POST /__sim__/settings`).

    Units are in the names; `_s` are real seconds, minutes and days run on the simulator's clock; 0 calls = no limit.
    """

    system: ClassVar[str] = "acumatica"
    endpoint_versions: str = "24.200.001,23.200.001"
    timezone: str = "America/Chicago"
    currency: str = "USD"
    max_sessions: int = 2
    login_limit_form: str = "500"
    session_idle_minutes: int = 20
    calls_per_minute: int = 0
    concurrent_calls: int = 0
    queued_calls: int = 20
    queue_s: float = 5.0
    release_seconds: float = 0.05
    hold_on_entry: bool = True
    tax_calculation: str = "automatic"
    class_tax_zone: str = ""
    default_customer_class: str = "DEFAULT"
    default_vendor_class: str = "DEFAULT"
    duplicate_vendor_ref: str = "error"
    vendor_ref_required: bool = True
    payment_ref_required: bool = True
    missing_by_key: str = "500"
    user_fields: str = ""
    denied: str = ""
    open_from: str = "012026"
    restrict_closed_periods: bool = True
    extended_endpoint: str = ""
    customers: int = 0
    vendors: int = 0
