"""Partners in an ERP that lists no masters of a kind: it is asked for the name and the numbers of each of our masters that has no partner
yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from console.access import access_provider
from console.matching.masters import Masters, master_of
from console.matching.score import Master
from console.reading import Cluster
from runtime.errors import Malformed, Transient
from systems.contract import Finder, Page, Role, System
from systems.mapped import Canonical, Reading
from systems.raw import How, Where, raw_record
from systems.values.codes import visible
from topology.configuration import Connected


@dataclass(frozen=True)
class Answers:
    """What the ERP answered: its masters by entity, and for how many of ours it was asked."""

    theirs: Mapping[str, list[Master]] = field(default_factory=dict)
    asked: Mapping[str, int] = field(default_factory=dict)

    def added(self, masters: dict[str, Masters]) -> dict[str, Masters]:
        """The same masters, with the answers added. Called each time they are read."""
        for entity, found in self.theirs.items():
            known = {one.id: one for one in (*masters[entity].theirs, *found)}
            masters[entity].theirs = [known[key] for key in sorted(known)]
            masters[entity].theirs_read += self.asked[entity]
        return masters


async def answers_of(cluster: Cluster, one: Connected, masters: Mapping[str, Masters]) -> Answers:
    """Ask the ERP of a connection, if it has to be asked, in a session of role `check`."""
    erp = one.settings.erp.declared
    if erp.open_finder is None:
        return Answers()
    with access_provider(cluster) as provider:
        opened = provider.access(one.settings, erp.name, Role.CHECK)
        finder = erp.open_finder(opened)
        try:
            return await ask(finder, erp, one.readings[erp.name], masters)
        finally:
            await finder.close()
            await opened.transport.close()


async def ask(finder: Finder, erp: System, reading: Reading, masters: Mapping[str, Masters]) -> Answers:
    """Ask for the partner of each of our masters without a link. Raises what the finder raises, and `Transient` for an answer that cannot
    be read: a master that was not found because of it would be created a second time."""
    theirs: dict[str, list[Master]] = {}
    asked: dict[str, int] = {}
    for entity in erp.asked_for:
        known: dict[str, Master] = {}
        wanted = [ours for ours in masters[entity].ours if ours.id not in masters[entity].linked]
        for ours in wanted:
            page = await finder.find(entity, ours.name, _numbers(ours))
            known |= {one.id: one for one in _masters(entity, page, erp, reading)}
        theirs[entity], asked[entity] = [known[key] for key in sorted(known)], len(wanted)
    return Answers(theirs, asked)


def _numbers(ours: Master) -> list[str]:
    """What people may have noted of it on the other side: its reference, its code, its id here."""
    return list(dict.fromkeys(filter(None, map(visible, (ours.external_ref, ours.code, ours.id)))))


def _masters(entity: str, page: Page, erp: System, reading: Reading) -> list[Master]:
    """The masters in an answer. It goes through the normaliser but is not stored, because nothing is commanded from it."""
    found: list[Master] = []
    where, how = Where(reading.connection, erp.name), How(entity, "object", "fetch")
    for element in page.elements:
        try:
            made = erp.to_canonical(raw_record(where, how, element, datetime.now(UTC)), reading)
        except Malformed as error:
            raise Transient(f"{erp.name}: {entity} {element.source_id}: the answer cannot be read: {error}") from error
        of_kind = [one.record for one in made if isinstance(one, Canonical) and one.entity == entity]
        found += [one for one in map(master_of, of_kind) if one is not None]
    return found
