"""Both sides' masters, from their newest canonical records, and the links that exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from console.matching.score import Master
from console.reading import Cluster
from systems.connection import ConnectionSettings

ENTITIES = ("customer", "vendor")
_FIELDS = ("name", "street", "unit", "city", "state", "zip", "phone", "email", "code", "tax_id", "external_ref")


@dataclass
class Masters:
    """The masters of one entity on both sides of a connection; our id -> their id if there is a link; and how many records of each side
    have been read, including those that are merged or inactive."""

    ours: list[Master] = field(default_factory=list)
    theirs: list[Master] = field(default_factory=list)
    linked: dict[str, str] = field(default_factory=dict)
    ours_read: int = 0
    theirs_read: int = 0


def read_masters(cluster: Cluster, settings: ConnectionSettings) -> dict[str, Masters]:
    """Customers and vendors of a connection. Merged and inactive records are left out; a merged one follows its survivor."""
    found = {entity: Masters() for entity in ENTITIES}
    sides = {settings.field_service.system: "ours", settings.erp.system: "theirs"}
    topics = [f"canonical.{entity}" for entity in ENTITIES]
    for seen in cluster.newest(topics, of=f"{settings.connection}/").values():
        record = seen.record
        if record and record["system"] in sides:
            _take(found[record["entity"]], sides[record["system"]], record)
    for entity, links in read_links(cluster, settings).items():
        if entity in found:
            found[entity].linked = links
    for masters in found.values():
        masters.ours.sort(key=lambda master: master.id)
        masters.theirs.sort(key=lambda master: master.id)
    return found


def never_read(cluster: Cluster, settings: ConnectionSettings, masters: Mapping[str, Masters]) -> set[str]:
    """Entities of which the ERP's poller has not read a page yet, so that the ERP's masters are unknown. An entity whose list was empty counts as
    read."""
    found = cluster.newest(["cursors"], quiet=True, of=f"{settings.connection}/").values()
    moved = {seen.record["feed"] for seen in found if seen.record}
    erp = settings.erp.declared
    feeds = {entity: {f"{erp.name}.{feed.name}" for feed in erp.feeds if feed.entity == entity} for entity in masters}
    return {name for name, own in feeds.items() if own and not own & moved and not masters[name].theirs_read}


def master_of(record: Mapping[str, Any]) -> Master | None:
    """The master of a canonical record; None if it is merged or inactive."""
    if not record["active"] or record.get("merged_to_id"):
        return None
    return Master(id=str(record["source_id"]), **{name: str(record.get(name) or "") for name in _FIELDS})


def _take(masters: Masters, side: str, record: Mapping[str, Any]) -> None:
    made = master_of(record)
    of_side = [made] if made is not None else []
    if side == "ours":
        masters.ours += of_side
        masters.ours_read += 1
    else:
        masters.theirs += of_side
        masters.theirs_read += 1


def read_links(cluster: Cluster, settings: ConnectionSettings) -> dict[str, dict[str, str]]:
    """The links of a connection: entity -> our id -> their id ("" = explicitly no partner). A link that was made only from the ERP's side
    (a vendor that we created here) counts as well."""
    records = [seen.record for seen in cluster.newest(["links"], quiet=True).values()]
    links = sorted((one for one in records if one.get("connection") == settings.connection), key=lambda one: one["at"])
    return folded_links(links, settings.erp.system)


def folded_links(links: Iterable[Mapping[str, Any]], erp: str) -> dict[str, dict[str, str]]:
    """Links of one connection, oldest first, as `read_links` returns them."""
    found: dict[str, dict[str, str]] = {}
    for link in links:
        pairs = found.setdefault(link["entity"], {})
        if link["source_system"] != erp:
            pairs[link["source_id"]] = link["target_id"]
        elif link["target_id"]:
            pairs[link["target_id"]] = link["source_id"]
    return found
