"""What an answer says of what was wanted by id, and what is asked for alone after it."""

from __future__ import annotations

from runtime.errors import Broken, Garbled, Malformed, Refused, Throttled, Transient
from services.ingress.fetches import FetchQueue, FetchRecord, Offsets, answered, is_of_its_objects
from services.ingress.seen import WrittenElements
from systems.contract import Element

IDS = [("invoice", str(number)) for number in range(4)]


def _element(source_id: str, body: bytes = b"{}") -> Element:
    return Element(source_id, "", body)


def test_what_is_not_in_the_answer_is_absent() -> None:
    found = answered(IDS, [_element("0"), _element("2")])
    assert ([one.source_id for one in found.elements], found.absent, found.alone) == (["0", "2"], (IDS[1], IDS[3]), ())


def test_beside_an_element_without_an_id_nothing_is_absent_for_it_may_be_that_one() -> None:
    found = answered(IDS, [_element("0"), _element(""), _element("2")])
    assert ([one.source_id for one in found.elements], found.absent, found.alone) == (["0", "2"], (), (IDS[1], IDS[3]))


def test_an_element_without_an_id_is_the_one_that_was_asked_for_alone() -> None:
    found = answered(IDS[:1], [_element("", b"torn")])
    assert (found.elements, found.absent, found.alone) == ((Element("0", "", b"torn"),), (), ())


def test_several_elements_without_an_id_for_one_wish_are_all_kept() -> None:
    """They were called absent, and their bytes were nowhere."""
    found = answered(IDS[:1], [_element("", b"one"), _element("", b"two")])
    assert (found.elements, found.absent, found.alone) == ((Element("0", "", b"one"), Element("0", "", b"two")), (), ())


def test_an_answer_that_cannot_be_read_is_asked_for_id_by_id_and_an_outage_is_not() -> None:
    unreadable = Garbled("the page does not have the documented form")
    assert [is_of_its_objects(one) for one in (unreadable, Refused("400"), Malformed("x"))] == [True] * 3
    assert [is_of_its_objects(one) for one in (Transient("500"), Throttled("429"), Broken("401"))] == [False] * 3


def test_what_is_asked_for_alone_keeps_nobody_waiting() -> None:
    queue, offsets = FetchQueue(), Offsets()
    for number, wanted in enumerate(IDS):
        offsets.opened(number)
        queue.add(wanted, FetchRecord(offsets, number))
    assert list(queue.batch({"invoice": 50})) == IDS
    queue.failed_alone(IDS[0])
    assert list(queue.batch({"invoice": 50})) == IDS[1:]
    for one in IDS[1:]:
        queue.done(one, 1)
    assert list(queue.batch({"invoice": 50})) == IDS[:1]
    assert offsets.commit == 0, "it is still wanted"


def test_elements_without_an_id_are_told_apart_by_their_bytes() -> None:
    seen, first, second = WrittenElements(), _element("", b"one"), _element("", b"two")
    seen.remember("feed", first)
    seen.remember("feed", second)
    assert (seen.is_known("feed", first), seen.is_known("feed", second)) == (True, True)
    assert not seen.is_known("feed", _element("", b"three"))


def test_what_fails_without_a_reason_of_its_own_goes_behind_the_others_and_fewer_are_asked_for_together() -> None:
    """A 500 that one id causes kept its batch, and everything behind it, for ever."""
    queue, offsets, calls = FetchQueue(), Offsets(), list[int]()
    for number in range(20):
        queue.add(("invoice", str(number)), FetchRecord(offsets, number))
    while len(queue) > 1 and len(calls) < 100:
        batch = queue.batch({"invoice": 50})
        calls.append(len(batch))
        if ("invoice", "7") in batch:
            queue.failed(batch)
            continue
        queue.succeeded()
        for one in batch:
            queue.done(one, 1)
    assert list(queue.batch({"invoice": 50})) == [("invoice", "7")]
    assert len(calls) < 30
    queue.failed([("invoice", "7")])
    queue.add(("invoice", "21"), FetchRecord(offsets, 21))
    assert queue.batch({"invoice": 50}) == [("invoice", "7")], "alone: it takes no newcomer with it"


def test_after_an_outage_many_are_asked_for_together_again() -> None:
    queue, offsets = FetchQueue(), Offsets()
    for number in range(100):
        queue.add(("invoice", str(number)), FetchRecord(offsets, number))
    for _ in range(15):
        queue.failed(queue.batch({"invoice": 50}))
    calls = 0
    while len(queue):
        batch = queue.batch({"invoice": 50})
        queue.succeeded()
        calls += 1
        for one in batch:
            queue.done(one, 1)
    assert calls < 12
