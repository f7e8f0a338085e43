from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from services.sinks import follow
from services.sinks.follow import CONTROL, Followed
from services.sinks.links import LinkKey, MemoryLinks
from tests.toy import NOW
from tests.unit.following.log import CODEC, Message
from tests.unit.following.records import SYSTEMS, control_message, link_message, period_message


def _followed() -> Followed:
    return Followed(CODEC, MemoryLinks(), SYSTEMS)


def _fold(followed: Followed, *messages: Any) -> list[Any]:
    return [followed.fold(message) for message in messages]


def _offsets(followed: Followed, offset: int = 0) -> list[int]:
    return [decision.offset for decision in followed.decisions_from(0, offset)]


def test_a_link_of_a_system_that_is_served_is_kept_and_told() -> None:
    followed = _followed()
    assert _fold(followed, link_message(target_id="C7")) == [("link", ("erp", "acme", "customer", "1"))]
    assert followed.link("erp", "acme", "customer", "1") == "C7"


def test_a_link_into_a_system_that_this_process_does_not_serve_is_neither_kept_nor_told() -> None:
    followed = _followed()
    assert _fold(followed, link_message(target_system="elsewhere")) == [None]
    assert followed.link("elsewhere", "acme", "customer", "1") is None


def test_a_pause_holds_for_its_system_or_for_all_until_it_is_resumed() -> None:
    followed = _followed()
    (told,) = _fold(followed, control_message(0, "c0"))
    assert told is not None
    assert (told[0], told[1].control["control_id"]) == ("pause", "c0")
    assert followed.paused("erp", "acme") == "month end"
    assert (followed.paused("other", "acme"), followed.paused("erp", "beta")) == ("", "")
    _fold(followed, control_message(1, "c1", system="", reason=""))
    assert followed.paused("other", "acme") == "paused"
    _fold(followed, control_message(2, "c2", "resume", system="other"))
    assert (followed.paused("other", "acme"), followed.paused("erp", "acme")) == ("", "month end")
    assert followed.resumed_at("other", "acme") == NOW
    assert followed.resumed_at("erp", "acme") is None
    _fold(followed, control_message(3, "c3", "resume", system="", at=NOW + timedelta(hours=1)))
    assert followed.paused("erp", "acme") == ""
    assert followed.resumed_at("other", "acme") == NOW + timedelta(hours=1), "the later of the two"


def test_a_pause_that_the_process_decided_holds_at_once_and_ends_as_any_other() -> None:
    followed = _followed()
    pause: Any = CODEC.decode(control_message(0, "c0", reason="ceiling: 5 an hour").value())[1]
    followed.pause_now(pause, 0)
    assert followed.paused("erp", "acme") == "ceiling: 5 an hour"
    _fold(followed, control_message(0, "c0", reason="ceiling: 5 an hour"), control_message(1, "c1", "ceiling"))
    assert followed.paused("erp", "acme") == ""


def test_a_control_that_was_written_twice_counts_once() -> None:
    followed = _followed()
    messages = [control_message(0, "c0"), control_message(1, "c1", "resume"), control_message(2, "c0")]
    assert [told is None for told in _fold(followed, *messages)] == [False, False, True]
    assert followed.paused("erp", "acme") == ""


def test_only_the_newest_control_ids_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "SEEN", 3)
    followed = _followed()
    told = _fold(followed, *(control_message(number, f"c{number}") for number in range(5)), control_message(5, "c2"))
    assert told[-1] is None
    assert list(followed._seen) == ["c2", "c3", "c4"]


def _release(offset: int, system: str = "erp") -> Message:
    return control_message(offset, f"c{offset}", "release", op_key=f"op{offset}", system=system)


def test_decisions_are_given_from_an_offset_on_in_their_order() -> None:
    followed = _followed()
    told = _fold(followed, _release(3), _release(5), control_message(6, "c6"), _release(8))
    assert [kind for kind, _ in told] == ["decision", "decision", "pause", "decision"]
    assert (_offsets(followed), _offsets(followed, 5), _offsets(followed, 6)) == ([3, 5, 8], [5, 8], [8])
    assert followed.decisions_from(1, 0) == []


def test_a_decision_is_forgotten_when_every_sink_that_it_concerns_has_gone_past_it() -> None:
    """One process serves several systems, each with a committed offset of its own."""
    followed = _followed()
    _fold(followed, _release(1), _release(2, "other"), _release(3, ""), _release(4, "elsewhere"), _release(5))
    assert _offsets(followed) == [1, 2, 3, 5], "what concerns no sink of this process is not kept"
    followed.forget("erp", 0, 5)
    assert _offsets(followed) == [2, 3, 5]
    followed.forget("other", 0, 3)
    assert _offsets(followed) == [3, 5]
    followed.forget("other", 0, 9)
    assert _offsets(followed) == [5]
    followed.forget("erp", 0, 2)
    _fold(followed, _release(6))
    assert _offsets(followed) == [5, 6], "an older offset that comes late takes nothing back"


def test_old_decisions_are_not_kept_and_old_pauses_are() -> None:
    followed = _followed()
    for system in SYSTEMS:
        followed.forget(system, 0, 100)
    _fold(followed, _release(7), control_message(8, "c8"), _release(100))
    assert _offsets(followed) == [100]
    assert followed.paused("erp", "acme") == "month end"


def test_a_period_says_what_may_be_posted_on_which_day() -> None:
    followed = _followed()
    assert _fold(followed, period_message(open_receivable=True, open_payable=False)) == [("period", "acme")]
    assert followed.is_open("acme", "sale", date(2026, 3, 31))
    assert not followed.is_open("acme", "payable", date(2026, 3, 31))
    assert not followed.is_open("acme", "sale", date(2026, 4, 1))
    assert not followed.is_open("acme", "sale", None)
    assert not followed.is_open("beta", "sale", date(2026, 3, 31))
    _fold(followed, period_message(open_receivable=False))
    assert not followed.is_open("acme", "sale", date(2026, 3, 31))
    assert _fold(followed, period_message(code="undated", ends_on=None)) == [None]


@pytest.mark.parametrize("value", [None, b"", b"\x00\x00\x00\x00\x01", b"not ours", "wrong fields"], ids=repr)
def test_a_record_that_cannot_be_understood_is_passed_over(value: Any) -> None:
    codec: Any = CODEC
    if value == "wrong fields":
        codec, value = _Unlike(), b"anything"
    followed = Followed(codec, MemoryLinks(), SYSTEMS)
    assert followed.fold(Message(CONTROL, 0, value)) is None  # type: ignore[arg-type]  # what is used of a message
    assert followed.paused("erp", "acme") == ""


class _Unlike:
    """Gives records that are not as their names say."""

    def decode(self, _: bytes | None) -> tuple[str, dict[str, Any]]:
        return "connection.control", {"connection": "acme", "action": "pause"}


def test_a_link_that_cannot_be_kept_is_an_error_and_not_passed_over() -> None:
    """It would be missing for good: its offset is behind us."""

    class Full(MemoryLinks):
        def put(self, key: LinkKey, target: str) -> None:
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        Followed(CODEC, Full(), SYSTEMS).fold(link_message())  # type: ignore[arg-type]  # what is used of a message


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads change places as often as they can."""
    kept = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(kept)


def test_one_thread_may_fold_while_another_asks_and_pauses(hasty: None) -> None:
    """Resuming went through the pauses while another thread put one in: the follower died of it, unseen."""
    followed = _followed()
    records = [
        control_message(number, f"c{number}", action, connection=f"acme{number % 50}", op_key=op_key)
        for number in range(1200)
        for action, op_key in [[("pause", ""), ("resume", ""), ("release", f"op{number}")][number % 3]]
    ]
    raised: list[RuntimeError] = []
    done: list[bool] = []

    def folding() -> None:
        try:
            done.append(len(_fold(followed, *records)) == len(records))
        except RuntimeError as error:  # a dictionary changed its size
            raised.append(error)

    thread = threading.Thread(target=folding)
    pause: Any = CODEC.decode(control_message(0, "own").value())[1]
    thread.start()
    number = 0
    while thread.is_alive():
        number += 1
        followed.pause_now(pause | {"connection": f"own{number}"}, 0)
        assert followed.paused("erp", f"own{number}"), "what the process decided itself is not lost to a pause that is folded"
        offsets = _offsets(followed)
        assert offsets == sorted(offsets)
        followed.forget("erp", 0, number)
    thread.join()
    assert (raised, done) == ([], [True])
    assert number > 10
    assert all(followed.paused("erp", f"own{one}") for one in range(1, number + 1))
