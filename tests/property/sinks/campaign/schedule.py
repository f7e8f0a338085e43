"""One seed, one schedule: drawn, played, brought to rest, judged, and read again with or without ledger and results."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from systems.contract import Capability
from tests.property.sinks.campaign import declared, seams
from tests.property.sinks.campaign.declared import Choice, Shape, shapes_of
from tests.property.sinks.campaign.loop import Endless
from tests.property.sinks.campaign.people import backlog, junk, people
from tests.property.sinks.campaign.replays import books, replayed
from tests.property.sinks.campaign.source import Doc
from tests.property.sinks.campaign.world import COMMANDS, LEDGER, NAMES, RESULT, Fault, World

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
    """How schedules are drawn: what is made likely by name (see `_likely`), in which ways documents are written, how long a process may
    stand still before it sends; `narrative` is given a line for whatever happens."""

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
    return Outcome(seed, tuple(world.judge.found), world.counts, states)


def _likely(world: World, name: str, rate: float) -> bool:
    """Whether this is part of the schedule; nearly always where it is emphasised."""
    return world.draw.random() < (0.9 if name in world.emphasis else rate)


def _played(world: World) -> None:
    draw = world.draw
    _connections(world)
    for _ in range(draw.choice((1, 1, 1, 1, 1, 1, 2, 2, 3))):
        _family(world, draw.choice(NAMES[: len(world.connections)]))
    if _likely(world, "faults", 0.85):
        _faults(world)
    world.starts()
    if draw.random() < 0.05:
        world.starts()
    world.timeline.run(world.lasts_s or draw.choice((30.0, 40.0, 60.0)), world.moves)
    world.quiet()
    _rests(world, "")
    if not world.judge.found and _likely(world, "again", 0.3):
        _again(world)


def _rests(world: World, lost: str) -> None:
    if not world.drains():
        open_ = [f"{k} {world.ledger[k]['state']} {world.ledger[k]['reason']}" for k in sorted(world.open)]
        offsets = {
            p: (world.cluster.offsets.get((COMMANDS, p)), world.cluster.log(COMMANDS, p).end) for p in range(world.partitions)
        }
        paused = [p.log.paused for p in world.living()]
        world.judge.broken("UNREAD" if any(paused) else "STUCK", f"not at rest: {open_}, offsets {offsets}, paused {paused}")
    world.judge.at_rest(lost)


# --- who wants what ---


def _connections(world: World) -> None:
    draw = world.draw
    count = draw.choice((1, 1, 1, 2, 3))
    sleeps = bool(world.shape.watched) and _likely(world, "dead batch", 0.01)
    if sleeps:
        world.lasts_s = world.batch_from_s = 3_600.0
        world.count("dead_batch")
    for name in NAMES[: 1 if "dead batch" in world.emphasis else count]:
        rare = _likely(world, "ceiling", 0.1)
        choice = Choice(
            mode=draw.choice(("observe", "shadow")) if draw.random() < 0.04 else "live",
            documents_per_hour=draw.choice((1, 2, 3)) if rare else 10_000,
            create_missing=draw.random() < 0.9,
            batch_deadline_s=7_200.0 if sleeps else declared.BATCH_DEADLINE_S,
        )
        if choice.documents_per_hour < 100:
            world.count("ceiling")
        world.connects(name, choice)


def _family(world: World, connection: str) -> None:
    """A document alone, or with what it belongs to."""
    draw, number = world.draw, len(world.docs) + 1
    kind = draw.random()
    if "bills" in world.emphasis:
        kind = min(kind, 0.2)
    if "families" in world.emphasis:
        kind = 0.45
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
    return [{"entity": one.entity, "source_id": one.source_id, "role": one.entity} for one in made[-1:]]


def _gaps(draw: random.Random) -> float:
    return draw.choice((0.0, 0.005, 0.02, 0.04, 0.06, 0.2, 1.0, 3.0, draw.random() * 15, 20.0))


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
    for _ in range(draw.choice((1, 1, 2, 3) if "versions" in world.emphasis else (0, 0, 0, 0, 1, 1, 2, 3))):
        at += _gaps(draw)
        world.later(at, lambda: _changes(world, doc))
    if draw.random() < 0.1:
        world.later(at + _gaps(draw), lambda: world.tells(doc))  # told again as it is


def _changes(world: World, doc: Doc) -> None:
    draw, kind = world.draw, world.draw.random()
    if doc.state in ("void", "none"):
        return
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
    for _ in range(draw.choice((1, 1, 2, 2, 3, 4))):

        def moves() -> None:
            doc.moves(draw)
            doc.changes += 1
            world.tells(doc)

        world.later(at, moves)
        at += _gaps(draw)


# --- what goes wrong ---


def _faults(world: World) -> None:
    draw, freeze_s = world.draw, world.freeze_s
    if _likely(world, "edge", 0.04):
        _edge(world)
        return
    if _likely(world, "send", 0.25):
        world.at_place["send"] = Fault("freeze", freeze_s, 0.0 if draw.random() < 0.5 else None)
    if _likely(world, "takeover", 0.15):
        world.at_place["committed"] = Fault(draw.choice(("replaced", "kill", "freeze")), 5.0, 0.0)
    for _ in range(draw.choice((0, 0, 0, 1, 1, 1, 2, 2, 4))):
        kind = draw.choice(("kill", "kill", "freeze", "freeze", "suspend", "replaced", "rebalance", "stop"))
        if "kill" in world.emphasis or "suspend" in world.emphasis:
            kind = "kill" if "kill" in world.emphasis else "suspend"
        length_s = freeze_s if draw.random() < 0.5 else draw.random() * 30
        takeover_s = draw.choice((None, 0.0, 0.0, draw.random() * 20))
        fault = Fault(kind, length_s, takeover_s)
        if draw.random() < 0.7:
            world.plan[draw.randint(1, 30)] = fault
        else:
            world.later(draw.random() * 25, lambda fault=fault: _strikes(world, fault))  # type: ignore[misc]  # the default binds
    _erp_faults(world)
    if _likely(world, "commit", 0.15):
        world.rates["commit"] = draw.choice((0.02, 0.1, 0.3))
    if draw.random() < 0.05:
        world.rates["open_session"] = 0.3
    if draw.random() < 0.05:
        world.rates["close_session"] = 0.5
    world.slow_commits = draw.random() < 0.1
    people(world)
    if _likely(world, "junk", 0.05):
        world.later(draw.random() * 10, lambda: junk(world))
    if _likely(world, "backlog", 0.03):
        backlog(world)


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
        world.strikes(world.draw.choice(world.living()), fault)


def _erp_faults(world: World) -> None:
    draw = world.draw
    for name in world.connections:
        faults = world.erps[name].faults
        if _likely(world, "silent", 0.5):
            faults.silent = draw.choice((0.2, 0.4, 0.8))
        if _likely(world, "no", 0.2):
            faults.no = draw.choice((0.1, 0.5))
        if _likely(world, "reject", 0.15):
            faults.reject = draw.choice((0.1, 0.9))
        if _likely(world, "raises", 0.1):
            faults.raises = 0.3
        if _likely(world, "find_fails", 0.15):
            faults.find_fails = draw.choice((0.1, 0.7))
        if _likely(world, "reserve_fails", 0.1):
            faults.reserve_fails = draw.choice((0.1, 0.7))
        if _likely(world, "waits", 0.1):
            faults.waits = 0.5
        if _likely(world, "slow", 0.05):
            faults.slow_until = draw.choice((5.0, 1e9))
            world.lasts_s = 2_400.0 if faults.slow_until > 5.0 else world.lasts_s
        if draw.random() < 0.05:
            faults.down_until = 20.0


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
    for process in world.processes:
        process.kill()
        world.group.kicks(process.log, again=False)
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
