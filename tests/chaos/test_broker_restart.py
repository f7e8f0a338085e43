"""The broker dies in the middle of a small day and comes back at its address: the books agree."""

from __future__ import annotations

import asyncio

import pytest

from console.demo.accidents import Accident
from console.demo.accounts import Row, is_ok
from console.demo.day import Day, Options
from runtime.embedded.cluster import EmbeddedCluster
from tests.acceptance.stage import shown, staged
from tests.chaos.test_day_with_kills import check_each_ref_was_created_once

pytestmark = [pytest.mark.kafka, pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_broker_that_is_killed_and_comes_back_costs_no_document_and_no_cent(
    own_cluster: EmbeddedCluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A service may end with 70 when its transaction's fate is unknown: it is started again, as `run all` does."""
    wanted = Options(erp="acumatica", seed=5, jobs=25, scale=600, drain_s=300)
    with staged(own_cluster, tmp_path_factory.mktemp("broker"), wanted, "broker") as stage:
        deaths = 0

        async def die() -> None:
            nonlocal deaths
            await asyncio.to_thread(own_cluster.kill_broker)
            await asyncio.to_thread(own_cluster.start_broker)
            deaths += 1

        async def play(day: Day) -> list[Row]:
            await day.prepare()
            await day.play([Accident("kill -9 of the broker", die), Accident("again", die)])
            return await day.drain()

        rows = stage.work(play)
        assert deaths == 2
        assert is_ok(rows), ([note for row in rows for note in row.notes], shown(rows))
        check_each_ref_was_created_once(stage)
