"""Work spread over some processes; a signal ends it, with what is done by then."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from typing import Any, TypeVar

What = TypeVar("What")
Made = TypeVar("Made")


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM is raised as `KeyboardInterrupt`, as SIGINT is."""

    def ends(number: int, _: Any) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    before = signal.signal(signal.SIGTERM, ends)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _begins() -> None:
    """A worker: Ctrl-C is the first process's affair; what was made before is never looked at by the collector."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.collect()
    gc.freeze()
    gc.disable()


def spread(call: Callable[[What], Made], whats: Iterator[What], workers: int) -> Iterator[Made]:
    """`call` of each, in whichever process and order; some wait in line. Raises `BrokenProcessPool` when a worker is killed."""
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _begins)
    try:
        running: set[Future[Made]] = {pool.submit(call, what) for what in islice(whats, 3 * workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(call, what) for what in islice(whats, len(done))}
            for one in done:
                yield one.result()
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
