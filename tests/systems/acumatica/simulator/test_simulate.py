"""`ml-connector simulate`: what it refuses to start with, in words that name the option."""

from __future__ import annotations

import pytest

from console.cli.simulate import simulate
from runtime.errors import Broken


def test_an_unknown_system_is_named_with_those_there_are() -> None:
    with pytest.raises(Broken, match=r"'oracle' is not a system.*acumatica"):
        simulate("oracle")


def test_an_unknown_or_unreadable_setting_is_named() -> None:
    with pytest.raises(Broken, match=r"unknown setting 'speed'"):
        simulate("acumatica", settings=["speed=fast"])
    with pytest.raises(Broken, match=r"setting max_sessions: 'two' cannot be read as int"):
        simulate("acumatica", settings=["max_sessions=two"])
    with pytest.raises(Broken, match=r"'max_sessions' is not key=value"):
        simulate("acumatica", settings=["max_sessions"])
