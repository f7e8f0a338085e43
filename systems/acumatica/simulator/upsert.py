"""PUT: find the record, insert or update it, check it as the screen does, commit it.

Source: Integration Development Guide: a record is found by `id`, by its keys, by `$filter`; If-None-Match and If-Match answer 412;
a detail row without id is appended, with id updated, with `delete` removed. Source of the 422 form: OpenAPI Default 24.200.001.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from systems.acumatica.simulator.answers import Unprocessable, VendorError, missing, precondition
from systems.acumatica.simulator.filters import parse_filter
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules import bills, invoices, masters, payments
from systems.acumatica.simulator.rules.work import Path, Work
from systems.acumatica.simulator.shapes import Shape
from systems.acumatica.simulator.tenant import Change, Tenant
from systems.acumatica.simulator.wire import bad_request, read

_COMPLETE: dict[str, Callable[[Work], None]] = {
    "Customer": masters.customer,
    "Vendor": masters.vendor,
    "Invoice": invoices.complete,
    "Payment": payments.complete,
    "Bill": bills.complete,
}
_READ_ONLY = {"Invoice": invoices.READ_ONLY, "Payment": payments.READ_ONLY, "Bill": bills.READ_ONLY}
_NUMBERED = {"Invoice": "ReferenceNbr", "Payment": "ReferenceNbr", "Bill": "ReferenceNbr"}
_DEFAULT_TYPE = {"Invoice": "Invoice", "Payment": "Payment", "Bill": "Bill"}
_SERIES = {"Customer": "C", "Vendor": "V"}
_CLOSED_TO_WRITES = ("FinancialPeriod",)


@dataclass(frozen=True)
class Put:
    """One PUT as it came: entity, parsed body, query and the headers that matter."""

    entity: str
    body: dict[str, Any]
    filter: str = ""
    must_be_new: bool = False
    must_exist: bool = False
    branch: str = ""
    business_date: date | None = None
    request_id: str = ""


def conditions(headers: Mapping[str, str]) -> tuple[bool, bool]:
    """(insert only, update only) from If-None-Match and If-Match; only `*` is documented."""
    for name in ("If-None-Match", "If-Match"):
        if headers.get(name, "*") != "*":
            raise bad_request(f"{name} supports only '*'.")
    return "If-None-Match" in headers, "If-Match" in headers


def put(tenant: Tenant, request: Put) -> Node:
    """Carry the PUT out; returns the committed record. Raises Unprocessable or VendorError, and then changes nothing."""
    table = tenant.table(request.entity)
    draft = read(request.body, table.shape, tenant.user_fields)
    before = _locate(tenant, request, draft)
    if request.must_be_new and before is not None:
        raise precondition("The entity already exists and cannot be inserted.")
    if request.must_exist and before is None:
        raise precondition("The entity does not exist and cannot be updated.")
    if before is not None and tenant.faults.take("concurrent_update", "PUT", f"/{request.entity}"):
        raise VendorError(500, f"Another process has updated the '{request.entity}' record. Your changes will be lost.")
    _refuse_closed_list(request.entity)
    work = Work(
        tenant, request.entity, draft, Node() if before is None else before.copy(), before, request.branch, request.business_date
    )
    _merge(work, draft, work.node, table.shape, ())
    _number(work)
    _COMPLETE.get(request.entity, masters.listed)(work)
    work.lengths()
    if work.errors:
        raise Unprocessable(with_errors(request.body, work.errors))
    operation = "create" if before is None else "update"
    _finish(work)
    tenant.commit([Change(request.entity, work.node, operation)], request.request_id)
    return work.node


def _refuse_closed_list(entity: str) -> None:
    if entity in _CLOSED_TO_WRITES:
        raise VendorError(500, f"{entity} is read-only through this endpoint.")


def _locate(tenant: Tenant, request: Put, draft: Node) -> Node | None:
    table = tenant.table(request.entity)
    if draft.id:
        found = table.get(draft.id)
        if found is None:
            raise missing()
        return found
    keys = [draft.text(name) or (_DEFAULT_TYPE.get(request.entity, "") if name == "Type" else "") for name in table.keys]
    if all(keys):
        return table.by_keys(*keys)
    if request.filter:
        matches = list(table.find(parse_filter(request.filter, table.shape, tenant.user_fields)))
        if len(matches) > 1:
            raise VendorError(500, "More than one entity satisfies the condition.")
        return matches[0] if matches else None
    return None


def _merge(work: Work, draft: Node, node: Node, shape: Shape, path: Path) -> None:
    read_only = masters.READ_ONLY + _READ_ONLY.get(work.entity, ()) if not path else ()
    if work.before is not None and not path:
        read_only += work.tenant.table(work.entity).keys  # a record keeps its keys in their present spelling
    for name, value in draft.values.items():
        if name not in read_only and not name.endswith("ModifiedDateTime"):
            node.values[name] = value
    for name, part in draft.linked.items():
        _merge(work, part, node.linked.setdefault(name, Node()), shape.part(name), (*path, name))
    for name, rows in draft.details.items():
        if name not in read_only:
            _merge_rows(work, rows, node.rows(name), shape.part(name), (*path, name))
    node.custom.update(draft.custom)
    node.note = draft.note or node.note


def _merge_rows(work: Work, drafts: list[Node], rows: list[Node], shape: Shape, path: Path) -> None:
    by_id = {row.id: row for row in rows}
    for number, draft in enumerate(drafts):
        row = by_id.get(draft.id) if draft.id else Node(hidden={"draft": True})
        if row is None:
            raise missing()
        if draft.delete:
            rows[:] = [kept for kept in rows if kept is not row]
            continue
        _merge(work, draft, row, shape, (*path, number))
        if not draft.id:
            rows.append(row)


def _number(work: Work) -> None:
    """Give an insert its number. Only for masters can a client choose a number that does not exist yet (assumed)."""
    node, entity = work.node, work.entity
    if work.before is not None:
        return
    if entity in _NUMBERED:
        if node.text("ReferenceNbr"):
            work.refuse(("ReferenceNbr",), f"'{node.text('ReferenceNbr')}' cannot be found in the system.")
    elif entity in _SERIES:
        key = f"{entity}ID"
        node.values[key] = node.text(key).upper()


def _finish(work: Work) -> None:
    """Draw the number and the ids last, so that a refused insert uses none."""
    node, tenant, entity = work.node, work.tenant, work.entity
    if work.before is None:
        if entity in _NUMBERED:
            node.values["ReferenceNbr"] = tenant.number(entity, 6)
        elif entity in _SERIES and not node.text(f"{entity}ID"):
            node.values[f"{entity}ID"] = f"{_SERIES[entity]}{tenant.number(entity, 6)}"
        node.id = tenant.new_id(entity, *tenant.table(entity).key_of(node))
        if "NoteID" in tenant.table(entity).shape.scalars:
            node.values["NoteID"] = tenant.new_id("note", node.id)
    _name_rows(tenant, node)


def _name_rows(tenant: Tenant, node: Node) -> None:
    for name, rows in node.details.items():
        for row in rows:
            row.hidden.pop("draft", None)
            if not row.id:
                node.hidden["rows"] = int(node.hidden.get("rows", 0)) + 1
                row.id = tenant.new_id(node.id, name, str(node.hidden["rows"]))
            _name_rows(tenant, row)
    for name, part in node.linked.items():
        part.id = part.id or tenant.new_id(node.id, name)
        _name_rows(tenant, part)


def with_errors(body: dict[str, Any], errors: dict[Path, str]) -> dict[str, Any]:
    """The submitted entity with `error` added to each wrong value. Errors of rows that were not sent are on the entity."""
    answer: dict[str, Any] = _copied(body)
    for path, text in errors.items():
        _place(answer, path, text)
    return answer


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(member) for name, member in value.items()}
    return [_copied(member) for member in value] if isinstance(value, list) else value


def _place(answer: dict[str, Any], path: Path, text: str) -> None:
    target: Any = answer
    for step in path:
        if isinstance(target, dict):
            target = target.setdefault(str(step), {}) if step == path[-1] else target.get(str(step))
        else:
            target = target[step] if isinstance(target, list) and isinstance(step, int) and step < len(target) else None
        if target is None:
            answer["error"] = text  # the wrong row was not part of the request
            return
    target["error"] = text


def delete(tenant: Tenant, entity: str, node: Node, request_id: str = "") -> None:
    """DELETE: only for a record that is neither booked nor named by a document (assumed)."""
    _refuse_closed_list(entity)
    if node.hidden.get("released"):
        raise VendorError(500, f"The document {node.text('ReferenceNbr')} is released and cannot be deleted.")
    used = {"Customer": ("Invoice", "Customer", "CustomerID"), "Vendor": ("Bill", "Vendor", "VendorID")}.get(entity)
    if used is not None and tenant.table(used[0]).with_value(used[1], node.text(used[2])):
        raise VendorError(500, f"The {entity} record cannot be deleted because it is referenced by documents.")
    tenant.commit([Change(entity, node, "delete")], request_id)
