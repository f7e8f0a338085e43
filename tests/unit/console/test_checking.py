"""What `check` says of a side that cannot be asked: the message once, and once what to do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from console.checking import findings, side_findings
from runtime.errors import Broken
from runtime.settings import Ingress
from systems import registry
from systems.contract import Finding
from tests.contract import examples

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


@pytest.mark.parametrize(
    ("mode", "level", "says"),
    [
        ("source", "warning", "its own tax reports show none of this tax"),
        ("erp", "ok", "its tax reports show it"),
        ("none", "", ""),
    ],
)
def test_the_choice_of_whose_tax_counts_says_what_it_does_to_the_reports_of_the_erp(
    mode: str, level: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: Any) -> list[Finding]:
        return []

    monkeypatch.setattr("console.checking.side_findings", nothing)
    one = examples.connected(registry.system("acumatica"))
    one = replace(one, settings=one.settings.model_copy(update={"tax_mode": mode}))
    provider = SimpleNamespace(credentials=SimpleNamespace(keys=lambda *_: []), settings=SimpleNamespace(ingress=Ingress()))
    found = asyncio.run(findings(cast("Any", provider), one))
    assert [(finding.level, says in finding.words) for _, finding in found if finding.subject == "tax"] == (
        [(level, True)] if level else []
    )
