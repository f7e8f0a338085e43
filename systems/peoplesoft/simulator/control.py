"""The simulator's own routes under `/__sim__/`: present state, balances, people at PeopleSoft, operations, periods, batch runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aiohttp import web

from runtime.simulator.control import add_asked, add_told
from runtime.simulator.records import Change
from systems.peoplesoft.simulator.balances import balances
from systems.peoplesoft.simulator.batch import Batch
from systems.peoplesoft.simulator.documents import documents
from systems.peoplesoft.simulator.people import save_vendor, type_journal, type_voucher
from systems.peoplesoft.simulator.related import pay
from systems.peoplesoft.simulator.security import Security
from systems.peoplesoft.simulator.seed.books import value
from systems.peoplesoft.simulator.seed.vendors import plant_vendors, truth
from systems.peoplesoft.simulator.services import PARTS
from systems.peoplesoft.simulator.site import JOURNAL, VOUCHER, Site


def add_control(app: web.Application, security: Security, batch: Batch) -> None:
    """Add the control routes."""
    site = batch.site
    add_told(
        app,
        vendors=lambda body: save_vendor(site, body),
        vouchers=lambda body: type_voucher(site, body),
        journals=lambda body: type_journal(site, body),
        operations=lambda body: _switch(site, body),
        permissions=lambda body: _permit(site, body),
        payments=lambda body: _pay(site, body),
        periods=lambda body: _period(site, body),
        values=lambda body: _value(site, body),
        documents=lambda body: _touch(site, body),
        masters=lambda body: _plant(site, body),
        batch=lambda body: batch.run(may_post=True if body.get("post") else None),
        tokens_revoke=lambda _: {"revoked": security.tokens.revoke_all()},
    )
    add_asked(
        app,
        balances=lambda _: balances(site),
        documents=lambda query: {"documents": documents(site, query.get("kind", JOURNAL))},
        operations=lambda _: {"operations": site.rows("Operation"), "permissions": site.rows("Permission")},
        messages=lambda _: {"messages": site.rows("Message")},
        masters_truth=lambda _: truth(site),
    )


def _switch(site: Site, body: dict[str, Any]) -> dict[str, Any]:
    """`{"name", "active": false}` or `{"name", "version"|"routing"|"handler": "I"}`."""
    name = str(body["name"])
    held = site.get("Operation", name)
    if held is None:
        raise ValueError(f"no operation {name}")
    state = {part: held[part] for part in PARTS}
    if "active" in body:
        state = dict.fromkeys(PARTS, "A" if body["active"] else state["VERSION_STATUS"])
        state["VERSION_STATUS"] = "A" if body["active"] else "I"
    for part in PARTS:
        state[part] = {"A": "A", "I": "I"}[str(body.get(part.removesuffix("_STATUS").lower(), state[part]))]
    site.commit([Change("Operation", name, held | state)])
    return held | state


def _permit(site: Site, body: dict[str, Any]) -> dict[str, Any]:
    """`{"name", "authorized": "N"}`: an operation or a Component Interface of the integration user."""
    rows = [row for row in site.rows("Permission") if row["OBJECT_NAME"] == body["name"]]
    if not rows:
        raise ValueError(f"no operation or interface {body['name']}")
    row = rows[0] | {"AUTHORIZED": {"Y": "Y", "N": "N"}[str(body["authorized"])]}
    site.commit([Change("Permission", f"{row['OPRID']}/{row['OBJECT_NAME']}", row)])
    return row


def _pay(site: Site, body: dict[str, Any]) -> dict[str, Any]:
    """`{"id": "AP001/00000001", "amount"}`: a person pays a voucher."""
    row = pay(site, str(body["id"]), Decimal(str(body["amount"])))
    return {"id": body["id"], "paid": row["PAID_AMT"], "closed": row["CLOSE_STATUS"] == "C"}


def _period(site: Site, body: dict[str, Any]) -> dict[str, Any]:
    """`{"business_unit", "period": "2026-03", "gl"|"ap": "N"}`."""
    key = f"{body['business_unit']}/{str(body['period'])[:4]}{int(str(body['period'])[5:]):03d}"
    held = site.get("Period", key)
    if held is None:
        raise ValueError(f"no period {key}")
    row = held | {f"OPEN_{name.upper()}": {"Y": "Y", "N": "N"}[str(body[name])] for name in ("gl", "ap") if name in body}
    site.commit([Change("Period", key, row)])
    return row


def _value(site: Site, body: dict[str, Any]) -> dict[str, Any]:
    """An effective-dated row: `{"setid", "field", "value", "effdt", "status", "descr", "type"}`."""
    change = value(*(str(body.get(name, "")) for name in ("setid", "field", "value", "effdt", "status", "descr", "type")))
    site.commit([change])
    return change.body


def _touch(site: Site, body: dict[str, Any]) -> dict[str, Any]:
    """A person changes fields of a document: `{"kind", "id", "set": {"JRNL_HDR_STATUS": "E"}}`."""
    kind, key = str(body["kind"]), str(body["id"])
    held = site.get(kind, key) if kind in (JOURNAL, VOUCHER) else None
    if held is None or body["set"].keys() - held.keys():
        raise ValueError(f"no {kind} {key}, or not its fields")
    row = held | {name: str(text) for name, text in body["set"].items()}
    site.commit([Change(kind, key, row, "update", "by a person")])
    return row


def _plant(site: Site, body: dict[str, Any]) -> dict[str, Any]:
    plant_vendors(site, int(body["vendors"]))
    return truth(site)
