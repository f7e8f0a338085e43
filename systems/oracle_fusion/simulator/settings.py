"""The switches of the simulated pod, as `ml-connector simulate SYSTEM --set key=value` gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from runtime.simulator.switches import Switches


@dataclass
class Settings(Switches):
    """What an administrator decided about the pod. It can be changed while the pod runs (`POST /__sim__/settings`).

    `closed` names periods that are closed from the beginning, by application: `Mar-26/AR,Feb-26/GL`.
    Where the vendor's behaviour is not verified, the default is the stricter one. `_s` run on the pod's clock, `latency_s` are real seconds;
    0 calls = no limit; lists are separated by commas.
    """

    system: ClassVar[str] = "oracle_fusion"
    choices: ClassVar = {
        "sign_in_page": ("none", "200", "302"),
        "path_keys": ("hash", "id"),
        "retry_after": ("seconds", "date", "none"),
        "complete_answer": ("items", "row"),
        "numbering": ("manual", "automatic"),
        "release": ("24d", "26d"),
        "unidentified": ("refuse", "take"),
        "receiving": ("batch", "online"),
        "over_receipt": ("REJECT", "WARNING", "NONE"),
    }
    timezone: str = "America/Chicago"
    currency: str = "USD"
    # signing in and security
    token_life_s: int = 3600
    user_is_mapped: bool = True
    unmapped_status: int = 403
    privileges_off: str = ""
    business_units: str = ""
    sign_in_page: str = "none"
    basic: bool = True
    calls_per_hour: int = 0
    retry_after: str = "seconds"
    # the REST framework
    framework_versions: int = 9
    default_limit: int = 25
    page_cap: int = 499
    child_page: int = 25
    path_keys: str = "hash"
    stamp_lag_s: int = 0
    # purchasing and receiving
    suppliers: int = 40
    orders: int = 12
    receipt_moves_order: bool = False
    receiving: str = "batch"
    receiving_s: int = 60
    over_receipt: str = "REJECT"
    over_receipt_percent: int = 0
    receipt_numbering: bool = True
    # receivables
    customers: int = 60
    numbering: str = "manual"
    unique_numbers: bool = True
    complete_on_post: bool = False
    complete_answer: str = "items"
    delete_invoices: bool = True
    tax_engine: bool = False
    dynamic_insertion: bool = False
    release: str = "24d"
    unidentified: str = "refuse"
    automatch_s: int = 0
    # general ledger
    open_from: str = "2026-01"
    closed: str = ""
    jobs_s: int = 30
    suspense: bool = False
    warning_is_shown: bool = False
