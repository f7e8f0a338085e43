"""One seed, one schedule: drawn, played, brought to rest, judged, and read again with or without ledger and results."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from systems.contract import Capability
from tests.property.sinks.campaign import declared, drawn, seams
from tests.property.sinks.campaign.declared import Choice, Shape, shapes_of
from tests.property.sinks.campaign.loop import Endless
from tests.property.sinks.campaign.mishaps import Fault, strikes
from tests.property.sinks.campaign.people import backlog, junk, people
from tests.property.sinks.campaign.replays import books, replayed
from tests.property.sinks.campaign.source import Doc
from tests.property.sinks.campaign.world import COMMANDS, LEDGER, NAMES, RESULT, World

MONEY = (Decimal(100), Decimal(120), Decimal(7))


@dataclass(frozen=True)
class Outcome:
    """What became of a seed: violations by name with words, how often each fault was met, the state of each document."""

    seed: int
    found: tuple[tuple[str, str], ...]
    counts: dict[str, int]
    states: tuple[str, ...]


@dataclass(frozen=True)
class Chosen:
    """How schedules are drawn: what is made likely by name (see `drawn`, `_likely`), in which ways documents are written, how long a
    process may stand still before it sends; `narrative` is given a line for whatever happens."""

    emphasis: frozenset[str] = frozenset()
    shapes: tuple[Shape, ...] = ()
    freeze_s: float = declared.FREEZE_S
    narrative: list[str] | None = None


ANY = Chosen()


def play(seed: int, capability: Capability, chosen: Chosen = ANY) -> Outcome:
    """Play this seed."""
    shapes = [one for one in chosen.shapes or shapes_of(capability) if one in shapes_of(capability)]
    world = World(seed, capability, shapes)
    world.narrative, world.freeze_s, world.emphasis = chosen.narrative, chosen.freeze_s, chosen.emphasis
    seams.into(world)
    try:
        _played(world)
    except Endless as endless:
        world.judge.broken("ENDLESS", str(endless))
    finally:
        world.end()
    states = tuple(f"{one['state']} {one['reason']}".strip() for one in world.ledger.values())
    outcome = Outcome(seed, tuple(world.judge.found), world.counts, states)
    world.forget()
    return outcome


def _likely(world: World, name: str, rate: float) -> bool:
    """Whether this is part of the schedule; nearly always where it is emphasised."""
    return world.draw.random() < (drawn.EMPHASISED if name in world.emphasis else rate)


def _played(world: World) -> None:
    draw = world.draw
    world.is_large = _likely(world, "large", drawn.LARGE)
    world.meets = drawn.meets(draw, world.is_large, world.emphasis)
    _connections(world)
    _periods(world)
    for _ in range(draw.choice((1, 1, 1, 1, 1, 1, 2, 2, 3) if world.is_large else (1,) * 11 + (2,))):
        _family(world, draw.choice(NAMES[: len(world.connections)]))
    _faults(world)
    world.starts()
    if draw.random() < 0.05:
        world.starts()
    world.timeline.run(world.lasts_s or draw.choice((30.0, 40.0, 60.0)), world.moves)
    world.quiet()
    _rests(world, "")
    if not world.judge.found and _likely(world, "again", 0.3 if world.is_large else 0.15):
        _again(world)


def _rests(world: World, lost: str) -> None:
    if not world.drains():
        open_ = [f"{k} {world.ledger[k]['state']} {world.ledger[k]['reason']}" for k in sorted(world.open)]
        offsets = {
            p: (world.cluster.offsets.get((COMMANDS, p)), world.cluster.log(COMMANDS, p).end) for p in range(world.partitions)
        }
        paused = [p.log.paused for p in world.living()]
        world.judge.broken("UNREAD" if any(paused) else "STUCK", f"not at rest: {open_}, offsets {offsets}, paused {paused}")
    world.judge.at_rest(lost or ("ledger" if world.rebuilt else ""))


# --- who wants what ---


def _connections(world: World) -> None:
    draw = world.draw
    count = draw.choice((1, 1, 1, 2, 3) if world.is_large else (1,) * 11 + (2,))
    sleeps = bool(world.shape.watched) and _likely(world, "dead batch", 0.01)
    if sleeps:
        world.lasts_s = world.batch_from_s = 3_600.0
        world.count("dead_batch")
    for name in NAMES[: 1 if "dead batch" in world.emphasis else count]:
        rare = "ceiling" in world.meets
        choice = Choice(
            mode=draw.choice(("observe", "shadow")) if draw.random() < 0.04 else "live",
            documents_per_hour=draw.choice((1, 2, 3)) if rare else 10_000,
            create_missing=draw.random() < 0.9,
            batch_deadline_s=7_200.0 if sleeps else declared.BATCH_DEADLINE_S,
        )
        if choice.documents_per_hour < 100:
            world.count("ceiling")
        world.connects(name, choice)


def _periods(world: World) -> None:
    """Now and then the ERP's list of periods is known; the first month is closed, and at the end of the faults all of them are open."""
    world.closed = "late" in world.meets
    for name in world.connections if world.closed else ():
        if world.draw.random() < 0.6:
            world.changes(name, late="next_open")
        world.has_period(name, 1, is_open=False)
        world.has_period(name, 2, is_open=world.draw.random() < 0.5)
        if world.draw.random() < 0.5:
            world.later(world.draw.choice((0.05, 3.0, 20.0)), lambda name=name: world.has_period(name, 2, is_open=True))  # type: ignore[misc]  # the default binds


def _family(world: World, connection: str) -> None:
    """A document alone, or with what it belongs to."""
    draw, number = world.draw, len(world.docs) + 1
    kind = draw.random() if world.is_large or draw.random() < 0.6 else 0.8
    if "bills" in world.emphasis:
        kind = min(kind, 0.2)
    if "families" in world.emphasis:
        kind = 0.45
    if world.shape.takes_back and draw.random() < (0.9 if world.emphasis & {"sets", "settling"} else 0.12):
        own = random.Random(f"settling {world.own} {number}").random()  # apart, so that the other schedules stay what they are
        if own < (drawn.EMPHASISED if "settling" in world.emphasis else 0.1 if "sets" in world.emphasis else 0.4):
            _settling(world, connection, number)
        else:
            _set(world, Doc("set", connection, f"m{number}"))
        return
    if kind < 0.3:
        _bill(world, Doc("bill", connection, f"b{number}"))
        return
    made: list[Doc] = []
    if kind < 0.5:
        made.append(Doc("customer", connection, f"k{number}", kept_up=world.shape.kept_up))
    made.append(Doc("invoice", connection, f"i{number}", parents=_parents(made)))
    if 0.4 < kind < 0.6:
        made.append(Doc("payment", connection, f"p{number}", parents=_parents(made)))
    at = draw.choice((0.0, 0.0, 0.0, draw.random() * 10))
    for doc in made:
        world.adds(doc)
        late = draw.random() < 0.1
        _versions(world, doc, at + (draw.choice((0.05, 5.0, 30.0)) if late else 0.0))


def _parents(made: list[Doc]) -> list[dict[str, str]]:
    """What the next document needs; every other one says which document of its parent's source it means."""
    return [{"entity": one.entity, "source_id": one.source_id, "role": one.entity, **_meant(one)} for one in made[-1:]]


def _meant(parent: Doc) -> dict[str, str]:
    return {"purpose": parent.purpose} if int(parent.source_id[1:]) % 2 else {}


def _gaps(draw: random.Random) -> float:
    return draw.choice((0.0, 0.005, 0.02, 0.04, 0.06, 0.2, 1.0, 3.0, draw.random() * 15, 20.0))


_EMPHASISED_MORE, _LARGE_MORE, _SMALL_MORE = (1, 1, 2, 3), (0, 0, 0, 0, 1, 1, 2, 3), (0, 0, 0, 0, 0, 1, 1, 2)
"""Versions after the first one."""


def _versions(world: World, doc: Doc, at: float) -> None:
    """The first version, and now and then some more, close together or far apart."""
    draw = world.draw
    doc.size = draw.choice((1_500_000, 2_010_000, 2_031_000)) if _likely(world, "size", 0.004) else 1
    first = draw.choice(MONEY)

    def begins() -> None:
        doc.is_mapped = draw.random() > 0.04
        doc.changes_to("plain", first)
        world.tells(doc)

    world.later(at, begins)
    more = _EMPHASISED_MORE if "versions" in world.emphasis else _LARGE_MORE if world.is_large else _SMALL_MORE
    for _ in range(draw.choice(more)):
        at += _gaps(draw)
        world.later(at, lambda: _changes(world, doc))
    if draw.random() < 0.1:
        world.later(at + _gaps(draw), lambda: world.tells(doc))  # told again as it is


def _changes(world: World, doc: Doc) -> None:
    draw, kind = world.draw, world.draw.random()
    if doc.state == "none":
        return
    if doc.state == "void":
        if not world.shape.takes_back or draw.random() < 0.3:
            return
        world.count("came_back")
        kind *= 0.5
    if doc.kind == "customer" or kind < 0.35:
        doc.changes_to("plain", draw.choice(MONEY))
    elif kind < 0.5:
        doc.changes_to("plain")
    elif kind < 0.7:
        world.count("void")
        doc.changes_to("void")
    elif kind < 0.85:
        world.count("unposted")
        doc.changes_to("unposted")
    else:
        world.count("zero")
        doc.changes_to("zero")
    world.tells(doc)


def _bill(world: World, doc: Doc) -> None:
    draw, at = world.draw, 0.0
    world.adds(doc)
    for _ in range(draw.choice((1, 1, 2, 2, 3, 4) if world.is_large else (1, 1, 2, 2, 3))):

        def moves() -> None:
            doc.moves(draw)
            doc.changes += 1
            world.tells(doc)

        world.later(at, moves)
        at += _gaps(draw)


def _set(world: World, doc: Doc) -> None:
    draw, at = world.draw, 0.0
    world.adds(doc)
    for _ in range(draw.choice((1, 2, 2, 3, 4, 5))):

        def applies() -> None:
            doc.applies(draw)
            doc.changes += 1
            world.tells(doc)

        world.later(at, applies)
        at += _gaps(draw)


def _settling(world: World, connection: str, number: int) -> None:
    """An invoice, and a payment that settles some of it in parts; either may be voided and count again."""
    draw, at = world.draw, 0.0
    invoice = Doc("invoice", connection, f"i{number}")
    world.adds(invoice)
    _versions(world, invoice, 0.0)
    doc = Doc("settling", connection, f"p{number}")
    doc.settles, doc.amount = _parents([invoice])[0], Decimal(9000)
    doc.content = f"c{doc.amount}"
    world.adds(doc)
    for later in range(draw.choice((2, 3, 3, 4, 5))):

        def settles(later: int = later) -> None:
            if later:
                world.count(doc.settles_anew(draw))
            else:
                doc.applies(draw)
                doc.changes += 1
            world.tells(doc)

        world.later(at, settles)
        at += _gaps(draw)


# --- what goes wrong ---


def _faults(world: World) -> None:
    draw, freeze_s, meets = world.draw, world.freeze_s, world.meets
    if "edge" in meets:
        _edge(world)
        return
    if "send" in meets:
        world.at_place["send"] = Fault("freeze", freeze_s, 0.0 if draw.random() < 0.5 else None)
    if "takeover" in meets:
        world.at_place["committed"] = Fault(draw.choice(("replaced", "kill", "freeze")), 5.0, 0.0)
    for _ in range(draw.choice((1, 1, 1, 2, 2, 4) if world.is_large else (1, 1, 1, 1, 2)) if "process" in meets else 0):
        _process_fault(world)
    _erp_faults(world)
    if "commit" in meets:
        world.rates["commit"] = draw.choice((0.02, 0.1, 0.3) if world.is_large else (0.1, 0.3))
    if "open_session" in meets:
        world.rates["open_session"] = 0.3
    if "close_session" in meets:
        world.rates["close_session"] = 0.5
    world.slow_commits = "slow commits" in meets
    people(world)
    if "junk" in meets:
        world.later(draw.random() * 10, lambda: junk(world))
    if "backlog" in meets:
        backlog(world)
    _loss(world)


def _process_fault(world: World) -> None:
    draw = world.draw
    kind = draw.choice(("kill", "kill", "freeze", "freeze", "suspend", "replaced", "rebalance", "stop"))
    kind = next((one for one in ("kill", "suspend") if one in world.emphasis), kind)
    length_s = world.freeze_s if draw.random() < 0.5 else draw.random() * 30
    fault = Fault(kind, length_s, draw.choice((None, 0.0, 0.0, draw.random() * 20)))
    if draw.random() < 0.7:
        world.plan[draw.randint(1, 30)] = fault
    else:
        world.later(draw.random() * 25, lambda: _strikes(world, fault))


def _edge(world: World) -> None:
    """Everything as late as is tolerated, at once: the next owner sees the intent when it is acked, the look-up before the request takes
    the whole lease, the process stands still before it sends, the answer is lost at the end and the commit comes after that."""
    world.at_place["intended"] = Fault("replaced", 10.0, 0.0)
    world.at_place["send"] = Fault("freeze", world.freeze_s)
    world.count("edge")
    for erp in world.erps.values():
        erp.faults.silent = 1.0 if world.draw.random() < 0.7 else 0.5
        erp.extremes = True


def _strikes(world: World, fault: Fault) -> None:
    if world.faulty and world.living():
        strikes(world, world.draw.choice(world.living()), fault)


def _loss(world: World) -> None:
    """Now and then the ledger is lost while everything is under way, in some with its results; in some the next owner dies as well. Drawn
    apart from everything else, so that the other schedules stay what they are."""
    draw = random.Random(f"loss {world.own}")
    if draw.random() >= (drawn.EMPHASISED if "loss" in world.emphasis else drawn.LOSS):
        return
    lost, dies_in_s = draw.choice(("ledger", "ledger", "results")), draw.choice((None, 0.5, 2.0, 5.0, 11.0))

    def happens() -> None:
        if not world.faulty or not _is_known_as_lost(world):
            return
        world.count("loss")
        world.says("lost: {}", lost)
        _all_die(world)
        loses(world, lost)
        world.judge.decisions.clear()
        world.starts()
        if dies_in_s is not None:
            world.later(dies_in_s, lambda: _strikes(world, Fault("kill", 0.0, 0.0)))

    world.later(draw.choice((1.0, 3.0, 6.0, 10.0, draw.random() * 30)), happens)


def _is_known_as_lost(world: World) -> bool:
    """Whether the next owner can tell a loss from a first start, and nothing of ours was deleted that it would write again."""
    logs = [number for number in range(world.partitions) if world.cluster.log(COMMANDS, number).records]
    deleted = any(kept.deleted for erp in world.erps.values() for kept in erp.documents)
    return not deleted and all(world.cluster.offsets.get((COMMANDS, number), 0) > 0 for number in logs)


def _all_die(world: World) -> None:
    for process in world.processes:
        process.kill()
        world.group.kicks(process.log, again=False)


def _erp_faults(world: World) -> None:
    """The ERP of each connection, or of all but some: one's trouble is no other's."""
    draw, meets = world.draw, world.meets
    for number, name in enumerate(world.connections):
        faults = world.erps[name].faults
        if number and draw.random() < 0.3:
            continue
        if "silent" in meets:
            faults.silent = draw.choice((0.2, 0.4, 0.8))
        if "no" in meets:
            faults.no = draw.choice((0.1, 0.5))
        if "reject" in meets:
            faults.reject = draw.choice((0.1, 0.9))
        if "raises" in meets:
            faults.raises = 0.3
        if "find_fails" in meets:
            faults.find_fails = draw.choice((0.1, 0.7))
        if "reserve_fails" in meets:
            faults.reserve_fails = draw.choice((0.1, 0.7))
        if "waits" in meets:
            faults.waits = 0.5
        if "slow" in meets:
            faults.slow_until = draw.choice((5.0, 1e9))
            world.lasts_s = 2_400.0 if faults.slow_until > 5.0 else world.lasts_s
        if "down" in meets:
            faults.down_until = draw.choice((3.0, 20.0) if world.is_large else (3.0, 6.0))


# --- again ---


def _again(world: World) -> None:
    """The offsets are reset, with the ledger kept, or lost, or lost with the results; sometimes there are faults meanwhile, too."""
    draw = world.draw
    lost = draw.choice(("", "", "ledger", "ledger", "results", "all"))
    lost = next((one for one in ("ledger", "results", "all") if f"lost {one}" in world.emphasis), lost)
    if any(kept.deleted for erp in world.erps.values() for kept in erp.documents):
        lost = ""
    if lost == "all" and world.capability is Capability.C5:
        lost = "results"
    world.count(f"replay_{lost or 'kept'}")
    before = books(world)
    states = {op_key: entry["state"] for op_key, entry in world.ledger.items()}
    _all_die(world)
    loses(world, lost)
    if _likely(world, "kill", 0.4):
        world.faulty = True
        for _ in range(draw.randint(1, 3)):
            world.plan[world.effects + draw.randint(1, 20)] = Fault("kill", 0.0, draw.choice((0.0, 2.0)))
        world.rates = {"commit": 0.05} if draw.random() < 0.3 else {}
        world.slow_commits = _likely(world, "slow commits", 0.3)
    world.starts()
    world.timeline.run(world.now + 30.0, world.moves)
    world.quiet()
    _rests(world, lost)
    replayed(world, before, states, lost)


def loses(world: World, lost: str) -> None:
    """Take the ledger away (`lost` = ledger), its results as well (results), and the offsets too (all); offsets alone where it is ""."""
    cluster = world.cluster
    for number in range(world.partitions):
        if not lost or lost == "all":
            cluster.offsets.pop((COMMANDS, number), None)
        if lost:
            cluster.logs.pop((LEDGER, number), None)
        if lost in ("results", "all"):
            cluster.logs.pop((RESULT, number), None)
    if lost:
        world.lives += 1
        world.ledger.clear()
        world.open.clear()
        world.late.clear()
