"""The count of functions that a piece of work runs through."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from tests import functions
from tests.functions import Functions, counted

INNER = "def deep(n):\n    return n if n < 1 else deep(n - 1)\n\ndef never():\n    pass\n"
OUTER = "def work(deep):\n    return [one(deep) for _ in range(2)]\n\ndef one(deep):\n    return deep(1)\n"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """Two modules of a product, and one of nobody."""
    found = {}
    for place, text in (("product/inner.py", INNER), ("product/outer.py", OUTER), ("library/inner.py", INNER)):
        file = tmp_path / place
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        spec = importlib.util.spec_from_file_location(place.replace("/", "_").removesuffix(".py"), file)
        assert spec is not None
        assert spec.loader is not None
        found[place] = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, found[place])
        spec.loader.exec_module(found[place])
    return found


def test_each_function_is_counted_once_with_its_calls_and_only_the_products(made: dict[str, ModuleType], tmp_path: Path) -> None:
    with counted(Functions(tmp_path, ("product",))) as found:
        made["product/outer.py"].work(made["product/inner.py"].deep)
        made["library/inner.py"].deep(3)
    made["product/inner.py"].deep(9)
    named = {name: calls for (_, name), calls in found.calls.items() if "<" not in name}
    assert named == {"work": 1, "one": 2, "deep": 4}
    assert (found.files, found.crossings) == (["product/outer.py", "product/inner.py"], 2)
    assert next(found.lines()).endswith("in   2 files")


def test_threads_that_begin_meanwhile_are_counted_and_what_watched_before_watches_again(
    made: dict[str, ModuleType], tmp_path: Path
) -> None:
    before = sys.getprofile()
    with counted(Functions(tmp_path, ("product",))) as found:
        thread = threading.Thread(target=made["product/inner.py"].deep, args=(0,))
        thread.start()
        thread.join()
    assert ([*found.calls], sys.getprofile()) == ([("product/inner.py", "deep")], before)


def test_the_tool_counts_what_tests_run_through(capsys: pytest.CaptureFixture[str]) -> None:
    """The codes of a crosswalk are compared in their normal form: one test of it goes through the one function that makes this form."""
    code = functions.main(["--list", "tests/unit/topology/test_partition.py"])
    told = capsys.readouterr().out
    assert code == 0, told
    assert "topology/topics.py: partition_of" in told
    assert "topology      1 functions in   1 files" in told
