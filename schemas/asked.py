"""The codec of a command of the CLI: it asks the registry for the schemas of a topic when that topic is first read or written.

A service asks for every schema before it starts (`codec.load`), because it must not start without one. A person's command needs ten of two
hundred, and should not wait for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.codec import Codec, Registered, Source, look_up, not_registered, subject


class AskingCodec(Codec):
    """A codec of the registered schemas of these topics. It raises the errors of `load`, but only when a topic is first read or written."""

    def __init__(self, registry: Source, records_of_topic: Mapping[str, tuple[str, ...]]) -> None:
        self._known = Registered(_Ids(self), _Writers(self))
        super().__init__(self._known.ids, self._known.writers)
        self._registry = registry
        self._left = dict(records_of_topic)

    def expect(self, topics: Iterable[str]) -> None:
        """Ask for the schemas of these topics, unless that was done. Raises `RegistryAway` if the registry does not answer, `NotRegistered`
        if it lacks one of them. Two threads at the same time both ask and get the same answer."""
        wanted = {topic: self._left[topic] for topic in topics if topic in self._left}
        if not wanted:
            return
        found = look_up(self._registry, wanted)
        if found.missing:
            raise not_registered(found.missing)
        self._known.ids.update(found.ids)
        self._known.writers.update(found.writers)
        self._left = {topic: names for topic, names in self._left.items() if topic not in wanted}

    def expect_all(self) -> None:
        """Ask for everything that was not asked for yet."""
        self.expect(list(self._left))


class _Ids(dict[tuple[str, str], int]):
    """(topic, record) -> its registry id."""

    def __init__(self, codec: AskingCodec) -> None:
        super().__init__()
        self._codec = codec

    def __missing__(self, place: tuple[str, str]) -> int:
        self._codec.expect([place[0]])
        if place not in self:
            raise not_registered([subject(*place)])
        return self[place]


class _Writers(dict[int, tuple[str, Any]]):
    """Registry id -> record name and parsed schema. For an unknown id, all topics are asked for."""

    def __init__(self, codec: AskingCodec) -> None:
        super().__init__()
        self._codec = codec

    def __missing__(self, schema_id: int) -> tuple[str, Any]:
        self._codec.expect_all()
        if schema_id not in self:
            raise KeyError(schema_id)
        return self[schema_id]
