"""The switches of the simulated site, as `ml-connector simulate peoplesoft --set key=value` gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from runtime.simulator.switches import Switches


@dataclass
class Settings(Switches):
    """What an administrator decided about the site. It can be changed while the site runs (`POST /__sim__/settings`).

    `batch_seconds`, `latency_s` are real seconds; `token_minutes` run on the simulator's clock; names are those of the site's contract.
    """

    system: ClassVar[str] = "peoplesoft"
    choices: ClassVar = {
        "soap_security": ("either", "username_token", "transport"),
        "rest_security": ("either", "basic", "oauth"),
        "wsdl_security": ("none", "basic"),
        "dup_invoice_action": ("RECYCLE", "REJECT", "WARN", "NONE"),
        "inactive_form": ("bare", "fault"),
    }
    node: str = "PSFT_EP"
    journal_interface: str = "ML_JOURNAL_CI"
    voucher_interface: str = "ML_VOUCHER_CI"
    query_prefix: str = "ML_"
    soap_security: str = "either"
    rest_security: str = "either"
    wsdl_security: str = "none"
    token_minutes: int = 60
    token_scope: str = ""
    batch_seconds: float = 1.0
    edit_on_save: bool = True
    journal_post: bool = True
    dup_invoice_action: str = "RECYCLE"
    voucher_approval: bool = False
    max_rows: int = 10000
    missing_queries: str = ""
    missing_services: str = ""
    hidden_units: str = ""
    hidden_setids: str = ""
    inactive_form: str = "bare"
    fault_status: int = 500
    qualified_errors: bool = False
    method_alias: bool = False
    wsdl_revision: int = 0
    wsdl_host: str = ""
    open_from: str = "2026-01"
    vendors: int = 40
