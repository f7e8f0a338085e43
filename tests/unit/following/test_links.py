from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.sinks.links import LinkKey, Links, LinkStore, MemoryLinks

KEY: LinkKey = ("erp", "acme", "customer", "1")


@pytest.fixture(params=["memory", "folder"])
def links(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LinkStore]:
    if request.param == "memory":
        yield MemoryLinks()
        return
    made = Links(tmp_path / "links")
    yield made
    made.close()


def test_a_link_is_found_as_soon_as_it_is_put_and_the_newest_counts(links: LinkStore) -> None:
    links.begin("one")
    assert links.get(KEY) is None
    links.put(KEY, "C1")
    links.put(KEY, "")
    assert links.get(KEY) == "", "explicitly none is not the same as no link"
    links.put(KEY, "Ç2")
    assert links.get(KEY) == "Ç2"


def test_links_of_another_system_connection_entity_or_object_are_others(links: LinkStore) -> None:
    links.begin("one")
    links.put(KEY, "C1")
    for number in range(4):
        other = [*KEY]
        other[number] += "x"
        assert links.get((other[0], other[1], other[2], other[3])) is None


def test_reading_goes_on_where_it_was_left_and_begins_anew_for_another_source(links: LinkStore) -> None:
    assert links.begin("one") == {}
    links.put(KEY, "C1")
    links.has_read({0: 5, 1: 7})
    links.has_read({1: 8})
    assert links.begin("one") == {0: 5, 1: 8}
    assert links.get(KEY) == "C1"
    assert links.begin("two") == {}
    assert links.get(KEY) is None
    links.put(KEY, "C9")
    assert links.get(KEY) == "C9"


def test_the_folder_keeps_links_and_offsets_for_the_next_life_of_the_process(tmp_path: Path) -> None:
    first = Links(tmp_path / "links")
    first.begin("one")
    first.put(KEY, "C1")
    first.has_read({0: 1})
    first.close()
    second = Links(tmp_path / "links")
    assert second.begin("one") == {0: 1}
    assert second.get(KEY) == "C1"
    second.close()


def test_a_folder_that_another_process_holds_is_left_to_it(tmp_path: Path) -> None:
    held = Links(tmp_path / "links")
    held.begin("one")
    held.put(KEY, "C1")
    held.has_read({0: 1})
    beside = Links(tmp_path / "links")
    assert beside.begin("one") == {}, "it reads the topic itself"
    assert beside.get(KEY) is None
    held.close()
    beside.close()
