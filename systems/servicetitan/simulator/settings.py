"""The switches of the simulated tenant, as `ml-connector simulate servicetitan --set key=value` gives them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass
class Settings:
    """What the vendor or an administrator decides about the tenant; may be changed while it runs (`POST /__sim__/settings`).

    `scopes_off` are scopes that the app lacks, separated by commas. Seconds run on the simulator's clock but for `latency_s` and
    `webhook_timeout_s`; calls and tokens are counted on the real clock, 0 = no limit.
    """

    timezone: str = "America/Chicago"
    currency: str = "USD"
    customers: int = 120
    vendors: int = 40
    scopes_off: str = ""
    app_key_status: int = 401
    token_life_s: int = 900
    tokens_per_second: int = 20
    calls_per_second: int = 60
    latency_s: float = 0.0
    max_page_size: int = 5000
    export_page_size: int = 500
    export_lag_s: int = 900
    export_repeat_s: int = 60
    auto_bill: bool = True
    webhook_senders: int = 8
    webhook_timeout_s: float = 5.0

    def change(self, changes: dict[str, str]) -> None:
        """Apply `key=value` texts; raises ValueError naming the key when it is unknown or cannot be read."""
        known = {field.name: str(field.type) for field in fields(self)}
        for key, text in changes.items():
            if key not in known:
                raise ValueError(f"unknown setting {key!r} of the servicetitan simulator; known: {', '.join(sorted(known))}")
            setattr(self, key, _read(key, known[key], str(text)))


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
