"""A command that waits for another system says so."""

from __future__ import annotations

import asyncio

import pytest

from console.waiting import told


def test_a_system_that_does_not_answer_is_named_while_it_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    """`check` said nothing for a hundred seconds while the field service took the connection and never answered."""

    async def both() -> str:
        answered = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, answered.set)

        async def slow() -> str:
            await answered.wait()
            return "ok"

        return await told(slow(), "asking ServiceTitan of acme", patience_s=0.01)

    assert asyncio.run(both()) == "ok"
    assert "s] asking ServiceTitan of acme" in capsys.readouterr().err


def test_what_is_answered_at_once_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    async def quick() -> int:
        return 7

    assert asyncio.run(told(quick(), "asking")) == 7
    assert capsys.readouterr().err == ""
