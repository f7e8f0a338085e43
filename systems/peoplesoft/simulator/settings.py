"""The switches of the simulated site, as `ml-connector simulate peoplesoft --set key=value` gives them."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.simulator.switches import change

_CHOICES = {
    "soap_security": ("either", "username_token", "transport"),
    "rest_security": ("either", "basic", "oauth"),
    "wsdl_security": ("none", "basic"),
    "dup_invoice_action": ("RECYCLE", "REJECT", "WARN", "NONE"),
    "inactive_form": ("bare", "fault"),
}


@dataclass
class Settings:
    """What an administrator decided about the site; may be changed while it runs (`POST /__sim__/settings`).

    `batch_seconds`, `latency_s` are real seconds; `token_minutes` run on the simulator's clock; names are those of the site's contract.
    """

    node: str = "PSFT_EP"
    journal_interface: str = "ML_JOURNAL_CI"
    voucher_interface: str = "ML_VOUCHER_CI"
    query_prefix: str = "ML_"
    soap_security: str = "either"
    rest_security: str = "either"
    wsdl_security: str = "none"
    token_minutes: int = 60
    token_scope: str = ""
    timezone: str = "UTC"
    latency_s: float = 0.0
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

    def change(self, changes: dict[str, str]) -> None:
        """Apply `key=value` texts; raises ValueError naming the key when it is unknown or cannot be read."""
        for key, text in changes.items():
            if str(text) not in _CHOICES.get(key, (str(text),)):
                raise ValueError(f"setting {key}: {text!r} is none of {', '.join(_CHOICES[key])}")
        change(self, changes, "peoplesoft")


def settings_of(texts: dict[str, str]) -> Settings:
    """Settings from texts over the defaults."""
    settings = Settings()
    settings.change(texts)
    return settings


def names(text: str) -> frozenset[str]:
    """The names of a comma-separated switch."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())
