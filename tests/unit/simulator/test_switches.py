"""Switches that are given as texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from runtime.simulator.switches import Switches, names


@dataclass
class Settings(Switches):
    """Switches of a system that there is not."""

    system: ClassVar[str] = "toy"
    choices: ClassVar = {"security": ("either", "basic")}
    security: str = "either"
    batch_seconds: float = 1.0
    is_open: bool = False


def test_texts_are_read_by_the_kind_of_their_switch() -> None:
    switches = Settings.of({"batch_seconds": "0.5", "is_open": "TRUE", "security": "basic", "timezone": "America/Chicago"})
    assert switches == Settings("America/Chicago", 0.0, "basic", 0.5, True)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (
            {"speed": "fast"},
            "unknown setting 'speed' of the toy simulator; known: batch_seconds, is_open, latency_s, security, timezone",
        ),
        ({"batch_seconds": "soon"}, "setting batch_seconds: 'soon' cannot be read as float"),
        ({"is_open": "yes"}, "setting is_open: 'yes' cannot be read as bool"),
        ({"security": "none"}, "setting security: 'none' is none of either, basic"),
    ],
)
def test_an_unknown_or_unreadable_setting_is_named(texts: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings.of(texts)


def test_names_are_separated_by_commas() -> None:
    assert names(" a, b,,") == {"a", "b"}
