"""One day with accidents and kills, played once for all tests of it."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from console.demo.accounts import Row
from console.demo.day import Accident, Day, Options, Outcome
from runtime.embedded.cluster import EmbeddedCluster, start_cluster
from runtime.embedded.fetch import NO_MAVEN, is_fetchable
from systems import registry
from tests.acceptance.stage import Stage, staged

JOBS, MORE_JOBS = 20, 40
"""Of the day, for each ERP: in `make test`, and in `make chaos`."""
SCALE = 900 / len(registry.erps())
"""Each connection has a field service of its own that is polled: at 600 scaled seconds in a second, 143 times a second, and a machine of two cores
would do nothing else. At this pace all of them together are polled about 200 times a second, however many there are."""


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


@pytest.fixture(scope="package")
def own_cluster() -> Iterator[EmbeddedCluster]:
    """A cluster of this package's own: its topics are deleted and its broker is killed."""
    if not is_fetchable():
        pytest.skip(" ".join(NO_MAVEN))
    cluster = start_cluster(None, lambda sentence: print(sentence, file=sys.__stderr__))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="package")
def jobs(request: pytest.FixtureRequest) -> int:
    """The jobs of the day: more of them where it is replayed."""
    is_replayed = any(item.get_closest_marker("chaos") for item in request.session.items)
    return (MORE_JOBS if is_replayed else JOBS) * len(registry.erps())


@pytest.fixture(scope="package")
def played(own_cluster: EmbeddedCluster, jobs: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Every ERP side by side: outages, a storm of 429, lost answers; and `kill -9` of each service, started again as a supervisor would."""
    wanted = Options(erp="all", seed=7, jobs=jobs, scale=SCALE, drain_s=300)
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
