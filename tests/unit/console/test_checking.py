"""What `check` says of a side that cannot be asked: the message once, and once what to do."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from console.checking import side_findings
from runtime.errors import Broken
from systems.contract import Finding

WORDS, REMEDY = "The key is unknown.", "Ask for a new one."


class _Nothing:
    async def close(self) -> None:
        """Nothing is open."""

    async def check(self, _: Any) -> list[Finding]:
        raise Broken(WORDS, REMEDY)


def _asked(access: Any) -> list[Finding]:
    side = SimpleNamespace(
        own=SimpleNamespace, declared=SimpleNamespace(open_checker=lambda _: _Nothing(), settings=object), system="erp"
    )
    one = SimpleNamespace(settings=SimpleNamespace(side=lambda _: side), crosswalk=None)
    sessions = SimpleNamespace(ways=lambda *_: SimpleNamespace(reach=None, proxy=None), access=access)
    return asyncio.run(side_findings(cast("Any", sessions), cast("Any", one), "erp"))


def _refused(*_: Any) -> Any:
    raise Broken(WORDS, REMEDY)


@pytest.mark.parametrize("access", [_refused, lambda *_: SimpleNamespace(transport=_Nothing())], ids=["credentials", "sign-in"])
def test_a_finding_tells_the_remedy_once(access: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.checking.addresses_of", lambda _: [])
    (found,) = _asked(access)
    assert (found.words, found.remedy) == (WORDS, REMEDY)
    assert str(Broken(WORDS, REMEDY)) == f"{WORDS} {REMEDY}", "a log has no second column"
