"""One day with accidents and kills, played once for all tests of it."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from console.demo.accidents import Accident
from console.demo.accounts import Row, is_ok
from console.demo.day import Day, Options, Outcome
from console.demo.joined import Joined
from runtime.embedded.cluster import EmbeddedCluster, start_cluster
from runtime.embedded.fetch import NO_MAVEN, is_fetchable
from systems import registry
from tests.acceptance.stage import Stage, shown, staged

JOBS, MORE_JOBS = 20, 40
HOURS, MORE_HOURS = 4, 10
"""Of the day, for each ERP: in `make test`, and in `make chaos`."""
SCALE = 1500 / len(registry.erps())
"""Each connection has a field service of its own, which is polled 51 times a second at 600 scaled seconds in a second. At this pace all of them
together are polled about 130 times a second, however many there are, and the other half of a machine of two cores is left to the tests."""


@dataclass
class Played:
    """The day after it was drained, with its corrections. `killed` are the services that were killed in the middle of it."""

    stage: Stage
    outcome: Outcome
    killed: list[str]

    @property
    def rows(self) -> Sequence[Row]:
        """A row for each flow."""
        return self.outcome.rows

    def joined(self, erp: str) -> Joined:
        """The connection with this ERP."""
        return next(one for one in self.stage.day.joined if one.erp == erp)

    def asked(self, erp: str, path: str, system: str = "") -> Any:
        """What the ERP's simulator answers about itself, or the other side's (`system`)."""
        return self.stage.work(lambda _: self.joined(erp).ask(system or erp, path))

    def documents(self, erp: str, kind: str) -> list[dict[str, Any]]:
        """What the ERP keeps of one kind."""
        return list(self.asked(erp, f"documents?kind={kind}")["documents"])

    def entries(self, erp: str) -> list[dict[str, Any]]:
        """The connection's newest ledger entries."""
        return [one for one in self.stage.entries() if one["connection"] == self.joined(erp).id]

    def agreed(self, erp: str) -> dict[str, Any]:
        """The connection's rows by flow, which have to agree by count and to the cent."""
        rows = [row for row in self.rows if row.connection == self.joined(erp).id]
        assert is_ok(rows), ([note for row in rows for note in row.notes], shown(rows))
        return shown(rows)

    def met_closed_period(self, erp: str) -> set[str]:
        """Documents were held for the period, none is any more, and some of them are posted. Returns their purposes."""
        seen = [one.record for one in self.stage.reading.scan([f"ledger.{erp}"], quiet=True) if one.record]
        met = {one["op_key"] for one in seen if (one["state"], one["reason"]) == ("HELD", "period_closed")}
        now = {one["op_key"]: one for one in self.entries(erp)}
        assert met, "no document came before the period was opened"
        assert [one for one in met if now[one]["reason"] == "period_closed"] == []
        assert "POSTED" in {now[one]["state"] for one in met}
        return {now[one]["purpose"] for one in met}

    def met_planned_faults(self, erp: str, spoilt: int = 3) -> None:
        """An outage, and at least so many answers that were lost, cut, late or something else."""
        hits = self.asked(erp, "faults")["hits"]
        assert hits.get("refuse", 0) >= 50, hits
        assert sum(count for kind, count in hits.items() if kind != "refuse") >= spoilt, hits


@pytest.fixture(scope="package")
def own_cluster() -> Iterator[EmbeddedCluster]:
    """A cluster of this package's own: its topics are deleted and its broker is killed."""
    if not is_fetchable():
        pytest.skip(" ".join(NO_MAVEN))
    cluster = start_cluster(None, lambda sentence: print(sentence, file=sys.__stderr__))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="package")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The jobs and the hours of the day: more of them where it is replayed."""
    is_replayed = any(item.get_closest_marker("chaos") for item in request.session.items)
    jobs, hours = (MORE_JOBS, MORE_HOURS) if is_replayed else (JOBS, HOURS)
    return jobs * len(registry.erps()), hours


@pytest.fixture(scope="package")
def played(own_cluster: EmbeddedCluster, size: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Every ERP side by side: outages, a storm of 429, lost answers; and `kill -9` of each service, started again as a supervisor would."""
    jobs, hours = size
    wanted = Options(erp="all", seed=7, jobs=jobs, scale=SCALE, drain_s=300, hours=hours)
    with staged(own_cluster, tmp_path_factory.mktemp("day"), wanted, "day") as stage:
        killed: list[str] = []
        accidents = [
            Accident(f"kill -9 of {name}", _kill(stage, name, killed)) for name in ("ingress", "pollers", "topology", "sinks")
        ]

        async def play(day: Day) -> Outcome:
            await day.prepare()
            return await day.outcome(accidents)

        yield Played(stage, stage.work(play), killed)


def _kill(stage: Stage, name: str, killed: list[str]) -> Callable[[], Awaitable[None]]:
    async def happen() -> None:
        stage.processes.restart_killed(name)
        killed.append(name)

    return happen
