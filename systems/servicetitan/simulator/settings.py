"""The switches of the simulated tenant, as `ml-connector simulate servicetitan --set key=value` gives them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass
class Settings:
    """What the vendor or an administrator decides about the tenant; may be changed while it runs (`POST /__sim__/settings`).

    `scopes` granted to the app: "" = all, else a list separated by blanks, or `-name -name` for all but these. `_seconds` run on the
    simulator's clock but for `latency_seconds`; calls are counted on the real clock, 0 = no limit.
    """

    tenant_id: str = "1234567890"
    environment: str = "test"
    currency: str = "USD"
    customers: int = 120
    vendors: int = 40
    scopes: str = ""
    app_key_status: int = 401
    token_seconds: int = 900
    token_calls_per_minute: int = 600
    calls_per_second: int = 60
    latency_seconds: float = 0.0
    export_page_size: int = 500
    export_lag_seconds: int = 900
    export_repeats: float = 0.1
    bad_token_status: int = 400
    auto_bill: bool = True
    webhook_senders: int = 8
    webhook_retry_seconds: str = "10 30 60 300"
    webhook_timeout_seconds: float = 5.0
    webhook_disorder_seconds: float = 120.0

    def change(self, changes: dict[str, str]) -> None:
        """Apply `key=value` texts; raises ValueError naming the key when it is unknown or cannot be read."""
        known = {field.name: str(field.type) for field in fields(self)}
        for key, text in changes.items():
            if key not in known:
                raise ValueError(f"unknown setting {key!r} of the servicetitan simulator; known: {', '.join(sorted(known))}")
            setattr(self, key, _read(key, known[key], str(text)))

    def granted(self, every: list[str]) -> list[str]:
        """The scopes that the app has, of all that there are."""
        named = self.scopes.split()
        removed = {name[1:] for name in named if name.startswith("-")}
        if removed or not named:
            return [scope for scope in every if scope not in removed]
        return [scope for scope in every if scope in named]


def _read(key: str, kind: str, text: str) -> Any:
    try:
        if kind == "bool":
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        return {"int": int, "float": float, "str": str}[kind](text)
    except (KeyError, ValueError) as error:
        raise ValueError(f"setting {key}: {text!r} is not a {kind}") from error


def settings_of(texts: dict[str, str]) -> Settings:
    """Settings from texts over the defaults."""
    settings = Settings()
    settings.change(texts)
    return settings
