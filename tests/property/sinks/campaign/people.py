"""What people do meanwhile: settings, credentials, pauses, decisions, matches, what somebody types or touches in the ERP; and what comes into
the log that nobody can read, or more at once than is let be in work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import cast

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks.consume import Throttle
from tests.property.sinks.campaign.erp import ErpDocument
from tests.property.sinks.campaign.memory import value_of
from tests.property.sinks.campaign.process import START
from tests.property.sinks.campaign.source import Doc
from tests.property.sinks.campaign.world import COMMANDS, World
from tests.toy import SOURCE, TARGET
from topology.topics import partition_of

JUNK = b"\x00junk"


def people(world: World) -> None:
    """Settings, credentials, pauses, decisions, matches, what somebody types or touches in the ERP."""
    draw, names = world.draw, sorted(world.connections)
    does: dict[str, Callable[[], object]] = {
        "settings": lambda: world.changes(draw.choice(names)),
        "credentials": lambda: world.renews(draw.choice(names)),
        "pause": lambda: _pauses(world, draw.choice(names)),
        "decide": lambda: _decides(world),
        "type": lambda: _types(world),
        "touch": lambda: _touches(world),
        "match": lambda: _matches(world),
        "mode": lambda: world.changes(draw.choice(names), mode=draw.choice(("observe", "shadow", "live"))),
        "window": lambda: world.changes(draw.choice(names), window="daily 18:00"),
    }
    for name, call in does.items():
        rate, often = 1.0 if name in world.meets else 0.0, name in world.emphasis
        while draw.random() < rate:
            world.later(_at_some_time(world), call)
            rate *= 0.9 if often and world.lasts_s else 0.5


def _at_some_time(world: World) -> float:
    draw = world.draw
    if world.lasts_s:
        return draw.random() * draw.choice((world.lasts_s, 250.0))
    return draw.choice((0.0, 0.03, 0.06, 1.0, draw.random() * 25))


def _pauses(world: World, name: str) -> None:
    world.controls_that(name, "pause")
    world.later(world.draw.choice((0.0, 0.5, 5.0)), lambda: world.controls_that(name, "resume"))


def _decides(world: World) -> None:
    held = sorted(op_key for op_key, entry in world.ledger.items() if entry["state"] == "HELD")
    some = held or sorted(world.ledger)
    if some:
        op_key = world.draw.choice(some)
        action = world.draw.choice(("release", "retry", "accept", "skip"))
        world.judge.decided(action, op_key)
        world.controls_that(world.ledger[op_key]["connection"], action, op_key)


def _types(world: World) -> None:
    """Somebody types an invoice by hand, without our ref."""
    docs = [doc for doc in world.docs if doc.kind == "invoice"]
    if docs and world.faulty:
        doc = world.draw.choice(docs)
        erp = world.erps[doc.connection]
        kept = ErpDocument(
            f"T{len(erp.documents) + 1}", "ar_invoice", "", doc.amount, doc.content, doc.source_id, world.now,
            world.shape.steps, typed=True,
        )  # fmt: skip
        erp.documents.append(kept)
        world.count("typed")


def _touches(world: World) -> None:
    """Somebody changes a partner of ours in the ERP."""
    some = [kept for erp in world.erps.values() for kept in erp.documents if kept.record == "customer" and not kept.deleted]
    if some and world.faulty:
        kept = world.draw.choice(some)
        kept.content, kept.touched = f"{kept.content}!", True
        world.count("touched")


def _matches(world: World) -> None:
    """Somebody matches a customer, which is held or not told yet, with a partner that is there."""
    docs = [doc for doc in world.docs if doc.kind == "customer"]
    if not docs or not world.faulty:
        return
    doc = world.draw.choice(docs)
    erp = world.erps[doc.connection]
    entry = world.ledger.get(doc.op_key())
    if entry is not None and (entry["state"] != e.HELD or e.may_exist(cast("Ledger", entry))):
        return
    kept = ErpDocument(f"M{len(erp.documents) + 1}", "customer", "", Decimal(0), "theirs", doc.source_id, world.now, ("create",))
    erp.documents.append(kept)
    links(world, doc, kept.erp_id)
    world.count("matched")


def junk(world: World) -> None:
    """Something in the log that nobody can read."""
    number = partition_of(sorted(world.connections)[0], world.partitions)
    record = world.cluster.append(COMMANDS, number, b"acme", JUNK)
    world.judge.junk.add(record.offset())
    world.cluster.append("control", number, b"acme", JUNK)
    world.count("junk")


def backlog(world: World) -> None:
    """More at once than the throttle lets be in work."""
    full = 6 if world.is_large else 3
    world.throttle = Throttle(full, full // 2)
    world.count("backlog")
    for number in range(world.draw.choice((2 * full, 4 * full))):
        doc = Doc("invoice", sorted(world.connections)[0], f"x{number}")
        world.adds(doc)
        doc.changes_to("plain", Decimal(100))
        world.later(world.draw.choice((0.0, 1.0)), lambda doc=doc: world.tells(doc))  # type: ignore[misc]  # the default binds


def links(world: World, doc: Doc, erp_id: str) -> None:
    """A person matched a customer."""
    link = {
        "connection": doc.connection, "entity": doc.entity, "source_system": SOURCE, "source_id": doc.source_id,
        "target_system": TARGET, "target_id": erp_id, "target_number": erp_id, "origin": "matched", "score": None,
        "actor": "ann", "at": START + timedelta(seconds=world.now),
    }  # fmt: skip
    number = partition_of(doc.connection, world.partitions)
    world.matched.add(doc.op_key())
    world.cluster.append("links", number, doc.name.encode(), value_of("connection.link", link))
