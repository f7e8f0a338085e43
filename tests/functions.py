"""Which functions of the product a piece of work runs through, in the order in which it first comes to each.

    python -m tests.functions tests/property/test_way.py [--list]

runs these tests and counts, of every function of the packages below this checkout, whether it was called, from which file, and how often the work
went from one file into another. With `--list` every function is printed, in order. Tests and libraries are not counted.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("console", "runtime", "schemas", "services", "systems", "topology")
Function = tuple[str, str]
"""File below the root, and qualified name."""


@dataclass
class Functions:
    """The functions that were called, with how often; `crossings` are calls out of another file of the product."""

    root: Path = ROOT
    packages: Sequence[str] = PACKAGES
    calls: dict[Function, int] = field(default_factory=dict)
    crossings: int = 0
    _names: dict[str, str] = field(default_factory=dict)

    def called(self, frame: FrameType, event: str, _: object) -> None:
        """A profile function of the interpreter."""
        if event != "call" or not (file := self._file(frame)):
            return
        function = (file, frame.f_code.co_qualname)
        self.calls[function] = self.calls.get(function, 0) + 1
        before = self._file(frame.f_back) if frame.f_back is not None else ""
        self.crossings += bool(before) and before != file

    def _file(self, frame: FrameType) -> str:
        """The frame's file below the root; "" if it is none of the product's."""
        path = frame.f_code.co_filename
        if path not in self._names:
            inside = [f"{self.root / package}/" for package in self.packages]
            self._names[path] = path.removeprefix(f"{self.root}/") if path.startswith(tuple(inside)) else ""
        return self._names[path]

    @property
    def files(self) -> list[str]:
        """The files, in the order in which the work came to them."""
        return list(dict.fromkeys(file for file, _ in self.calls))

    def lines(self) -> Iterator[str]:
        """A line for each package, then the sum."""
        for package in self.packages:
            of = [one for one in self.calls if one[0].startswith(f"{package}/")]
            yield f"{package:<10}{len(of):>5} functions in {len({file for file, _ in of}):>3} files"
        yield f"{'all':<10}{len(self.calls):>5} functions in {len(self.files):>3} files, {self.crossings} calls from file to file"


@contextmanager
def counted(found: Functions) -> Iterator[Functions]:
    """Count while this is open, in this thread and in those that begin meanwhile."""
    before = sys.getprofile()
    threading.setprofile(found.called)
    sys.setprofile(found.called)
    try:
        yield found
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


class _Plugin:
    """Counts while the body of a test runs; what makes it ready is not counted."""

    def __init__(self, found: Functions) -> None:
        self._found = found

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self) -> Iterator[None]:
        """Around the call of a test."""
        with counted(self._found):
            return (yield)


def main(arguments: Sequence[str]) -> int:
    """Run the tests that are named, and print what they ran through."""
    parser = argparse.ArgumentParser(prog="python -m tests.functions", description="Count the functions that tests run through.")
    parser.add_argument("tests", nargs="+", help="Tests, as pytest takes them.")
    parser.add_argument("--list", action="store_true", help="Print every function in the order in which it is first called.")
    given = parser.parse_args(arguments)
    found = Functions()
    code = pytest.main(["-q", "-n", "0", "-p", "no:cacheprovider", *given.tests], plugins=[_Plugin(found)])
    if given.list:
        for number, ((file, name), calls) in enumerate(found.calls.items(), 1):
            sys.stdout.write(f"{number:>4} {file}: {name}" + (f" ({calls} times)\n" if calls > 1 else "\n"))
    for line in found.lines():
        sys.stdout.write(f"{line}\n")
    return int(code)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
