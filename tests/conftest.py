"""What every test may ask for: a cluster, a free port; and an environment in which none of our settings is left over."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
from xdist.scheduler import LoadScopeScheduling

from runtime.embedded.child import free_ports
from runtime.embedded.cluster import BOOTSTRAP_KEY, REGISTRY_KEY, EmbeddedCluster, start_cluster
from runtime.embedded.fetch import NO_MAVEN, is_fetchable

_HERE = Path(__file__).parent
_WAITING_LONGEST_FIRST = ("chaos", "acceptance", "integration")
"""Folders whose tests mostly wait for processes; begun first, so that no worker is left alone with them at the end."""
_OF_ONE_STAGE = ("chaos", "acceptance", "integration/ingress")
"""Folders whose tests share a stage that takes long to set up: one worker plays them all. Elsewhere a file is what a worker takes."""
_OF_NO_STAGE = "tests/contract/test_cuts.py"
"""Its tests share nothing and take long together: a worker takes one of them."""

hypothesis.settings.register_profile("on a busy machine", deadline=None)
hypothesis.settings.load_profile("on a busy machine")

_EXTERNAL = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Take our settings out of the environment; remember where an external cluster is. A run in the background ignores SIGINT, and so would
    every process that it starts, those that are interrupted by a test included."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_EXTERNAL] = {key: os.environ[key] for key in (BOOTSTRAP_KEY, REGISTRY_KEY) if key in os.environ}
    for key in [key for key in os.environ if key.startswith("ML_CONNECTOR_")]:
        del os.environ[key]


class _ByStage(LoadScopeScheduling):  # type: ignore[misc]  # the plugin publishes no types
    """What a worker takes at once. (The plugin's own groups are not heard by pytest 9.2: it has no `_nodeid` any more.)"""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path == _OF_NO_STAGE:
            return nodeid
        return next((folder for folder in _OF_ONE_STAGE if path.startswith(f"tests/{folder}/")), path)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Of `-n auto`: one more than the machine has cores, for there is nearly always one that waits for a process to start or to end."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Several workers (`-n 2`): see `_ByStage`."""
    return _ByStage(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of folders; inside a folder it stays."""
    rank = {name: place for place, name in enumerate(_WAITING_LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(_HERE).parts[0], len(rank)))


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: the garbage collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """A command that a test runs sets the log of its process up: for that test alone."""
    yield
    structlog.reset_defaults()
    logging.getLogger("ml_connector.kafka").handlers = []


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[EmbeddedCluster]:
    """One broker and one registry for the session: external, else containers, else the local JVM.

    Shared: every topic, group and transactional id of a test has a name of its own. A test that kills the broker starts its own cluster.
    Where nothing can be started the tests that need it are skipped by name, with the three ways out as the reason.
    """
    with pytest.MonkeyPatch.context() as patch:
        external = request.config.stash[_EXTERNAL]
        for key, value in external.items():
            patch.setenv(key, value)
        if not external and not is_fetchable():
            pytest.skip(" ".join(NO_MAVEN))
        started = start_cluster(None, lambda sentence: print(sentence, file=sys.__stderr__), learn=True)
    yield started
    started.stop()


@pytest.fixture
def free_port() -> int:
    """A port on 127.0.0.1 that nobody listened on a moment ago."""
    return free_ports(1)[0]
