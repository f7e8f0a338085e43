"""The partition of a key is the one that Java's client counts: all sightings of an object meet in it, whoever writes them."""

from __future__ import annotations

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from topology.topics import partition_of


@given(st.text(), st.integers(1, 512))
def test_the_partition_is_the_same_as_by_the_pure_implementation_of_javas_hash(key: str, partitions: int) -> None:
    try:
        value = key.encode()
    except UnicodeEncodeError:
        return
    assert partition_of(key, partitions) == (murmur2(value) & 0x7FFFFFFF) % partitions


def test_keys_that_were_placed_stay_where_they_are() -> None:
    placed = {"": 1, "acme/servicetitan/invoice/1": 7, "äöü": 4, "21": 4}
    assert {key: partition_of(key, 8) for key in placed} == placed
