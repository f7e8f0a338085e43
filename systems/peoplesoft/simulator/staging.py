"""VOUCHER_BUILD: a rowset message becomes staged rows; the batch AP_VCHRBLD makes vouchers from them, or errors in two stores.

Sources: PeopleBooks (staging tables, Voucher Build, pre-edit errors stay in staging, failed edits make a recycled voucher), a public voucher
builder (rowset with FieldTypes, class="R", PSCAMA with AUDIT_ACTN A), public table types (keys). Assumed: an acknowledged message that the
Assumed: nobody is informed if the handler cannot use an acknowledged message; rows leave staging when their voucher is built, so that their key can
be used again; duplicates within one run are all recycled.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lxml import etree

from runtime.simulator.records import Change, Row
from systems.peoplesoft.simulator import vouchers
from systems.peoplesoft.simulator.answers import NO_ERROR, Message
from systems.peoplesoft.simulator.buffer import decimal_text, problem_of
from systems.peoplesoft.simulator.definitions import CHARTFIELDS, DISTRIBUTION, VOUCHER, VOUCHER_LINE, Field, Shape
from systems.peoplesoft.simulator.services import BUILD
from systems.peoplesoft.simulator.site import STAGED, Site
from systems.peoplesoft.simulator.site import VOUCHER as KIND

_KEYS = tuple(Field(name, "c", 25) for name in ("VCHR_BLD_KEY_C1", "VCHR_BLD_KEY_C2")) + tuple(
    Field(name, "n", 15) for name in ("VCHR_BLD_KEY_N1", "VCHR_BLD_KEY_N2")
)
_BOTH = (Field("BUSINESS_UNIT", "c", 5), *_KEYS, Field("VOUCHER_ID", "c", 8))
_HEADER = Shape(
    (*VOUCHER.shape.fields[:-3], *_KEYS, Field("VCHR_SRC", "c", 4), Field("POST_VOUCHER", "c", 1), Field("INV_RECPT_DT", "d"))
)
_LINE = Shape(
    (*_BOTH, *VOUCHER_LINE.fields, *(field for field in DISTRIBUTION.fields if field.name in (*CHARTFIELDS, "BUSINESS_UNIT_GL")))
)
_DIST = Shape((*_BOTH, Field("VOUCHER_LINE_NUM", "n", 9), *DISTRIBUTION.fields))
_RECORDS = {"VCHR_HDR_STG": _HEADER, "VCHR_LINE_STG": _LINE, "VCHR_DIST_STG": _DIST}
_KEY_NAMES = ("BUSINESS_UNIT", "VCHR_BLD_KEY_C1", "VCHR_BLD_KEY_C2", "VCHR_BLD_KEY_N1", "VCHR_BLD_KEY_N2", "VOUCHER_ID")


class Unusable(Exception):
    """The handler of the message stopped; only the site's own monitor shows that."""


def receive(site: Site, root: Any, request_id: str) -> str:
    """Queue a message and run its handler. Returns the transaction id of the acknowledgement, whatever the handler does."""
    transaction = f"{site.settings.node}.{BUILD}.{site.number('transaction', 1, 92)}"
    try:
        site.commit(_staged(site, root, transaction), request_id)
        outcome = "DONE"
    except Unusable as error:
        outcome = f"ERROR {error}"
    site.commit([Change("Message", transaction, {"TRANSACTION": transaction, "STATUS": outcome})])
    return transaction


def _staged(site: Site, root: Any, transaction: str) -> list[Change]:
    if site.faults.take("lost_message", "POST", BUILD) is not None:
        raise Unusable("lost by plan")
    if etree.QName(root).localname != BUILD:
        raise Unusable(f"the message is not {BUILD}")
    headers = root.findall("MsgData/Transaction/VCHR_HDR_STG")
    if root.find("FieldTypes/VCHR_HDR_STG") is None or not headers:
        raise Unusable("no FieldTypes or no VCHR_HDR_STG")
    actions = [element.text for element in root.findall("MsgData/Transaction/PSCAMA/AUDIT_ACTN")]
    if len(actions) != len(root.findall("MsgData/Transaction")) or set(actions) != {"A"}:
        raise Unusable("PSCAMA with AUDIT_ACTN A is missing")
    changes: dict[str, Change] = {}
    for element in headers:
        row = _rowset(element)
        key = "/".join(str(row.get(name, "")) for name in _KEY_NAMES)
        if site.get(STAGED, key) is not None or key in changes:
            raise Unusable(f"duplicate key {key}")
        body = row | {"BUILD_STATUS": "N"} | NO_ERROR
        changes[key] = Change(STAGED, key, body, "stage", transaction)
    return list(changes.values())


def _rowset(element: Any) -> Row:
    if element.get("class") != "R":
        raise Unusable(f'{element.tag} is not of class "R"')
    row: Row = {}
    held = _RECORDS[element.tag].by_name
    for part in element:
        if part.tag == "VCHR_PYMT_STG":
            continue
        if part.tag in _RECORDS:
            row.setdefault({"VCHR_LINE_STG": "VCHR_LINE", "VCHR_DIST_STG": "VCHR_DIST"}.get(part.tag, part.tag), []).append(
                _rowset(part)
            )
        elif part.tag in held and part.tag not in row:
            row[part.tag] = _value(held[part.tag], part)
        else:
            raise Unusable(f"{element.tag} has no field {part.tag}, or has it twice")
    return row


def _value(field: Field, element: Any) -> str:
    text = (element.text or "").rstrip(" ")
    problem = problem_of(field, text) if text else None
    if problem:
        raise Unusable(f"{field.name}: {problem[1]}")
    if field.kind == "n" and text:
        return decimal_text(Decimal(text), field.places)
    return text


def build(site: Site) -> int:
    """One run of AP_VCHRBLD over the staged rows; returns how many rows it took."""
    waiting = [row for row in site.rows(STAGED) if row["BUILD_STATUS"] == "N"]
    waiting = [row for row in waiting if site.faults.take("build_stuck", "POST", row["BUSINESS_UNIT"]) is None]
    made = [(row, vouchers.defaulted(site, _voucher(row))) for row in waiting]
    for row, voucher in made:
        twins = [other for _, other in made if other is not voucher and vouchers.same_invoice(other, voucher)]
        site.commit(_outcome(site, row, voucher, twins))
    return len(made)


def _outcome(site: Site, row: Row, voucher: Row, twins: list[Row]) -> list[Change]:
    problems = vouchers.header_problems(site, voucher)
    if voucher["VOUCHER_ID"] != "NEXT" and site.get(KIND, vouchers.key_of(voucher)) is not None:
        problems.append(Message(7030, 15, "Voucher already exists.", f"VOUCHER_ID {voucher['VOUCHER_ID']}"))
    action = site.settings.dup_invoice_action
    earlier = vouchers.twin_of(site, voucher)
    twin = earlier if earlier is not None else (twins[0] if twins else None)
    if twin is not None and action == "REJECT":
        problems.append(vouchers.duplicate(twin))
    if problems:
        return [_kept(row, "E", problems[0])]
    problems = vouchers.edit_problems(site, voucher)
    if twin is not None and action == "RECYCLE":
        problems.append(vouchers.duplicate(twin))
    if voucher["VOUCHER_ID"] == "NEXT":
        voucher["VOUCHER_ID"] = site.number("VOUCHER_ID", 8)
    gone = Change(STAGED, _key(row), row, "build", voucher["VOUCHER_ID"], is_gone=True)
    if not problems:
        return [gone, Change(KIND, vouchers.key_of(voucher), voucher, "create", "build")]
    recycled = voucher | {"ENTRY_STATUS": "R"} | problems[0].columns
    kept = _kept(row | {"BUILT_ID": voucher["VOUCHER_ID"]}, "R", problems[0])
    return [kept, Change(KIND, vouchers.key_of(voucher), recycled, "create", "build, recycled")]


def _kept(row: Row, status: str, message: Message) -> Change:
    return Change(STAGED, _key(row), row | {"BUILD_STATUS": status} | message.columns, "build", f"error {message.words}")


def _key(row: Row) -> str:
    return "/".join(str(row.get(name, "")) for name in _KEY_NAMES)


def _voucher(row: Row) -> Row:
    kept = {field.name: row[field.name] for field in VOUCHER.shape.fields if field.name in row}
    lines = []
    for line in row.get("VCHR_LINE", []):
        shared = {name: line[name] for name in (*CHARTFIELDS, "BUSINESS_UNIT_GL") if line.get(name)}
        rows = [shared | _part(DISTRIBUTION, one) for one in line.get("VCHR_DIST", [])]
        lines.append(_part(VOUCHER_LINE, line) | {"VCHR_DIST": rows})
    return kept | {"VOUCHER_ID": kept.get("VOUCHER_ID") or "NEXT", "VCHR_LINE": lines}


def _part(shape: Shape, row: Row) -> Row:
    return {name: row[name] for name in shape.by_name if row.get(name)}
