"""Suppliers for the writer: compared in the fields that the field-service side owns; the look-up decides between add and update.

Facts (schema notes of APSSSP): Setup/Add fails for a supplier that exists, Setup/Update for one that does not. A supplier that we created has the
beginning of our ref in UserField1, and the vendor's id in its code. The field-service side owns telephone and e-mail (accounting.md 21), SYSPRO
everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from runtime.errors import Malformed, Refused
from systems.contract import Document, Found, ResolvedCommand
from systems.owners import FIELD_SERVICE, owned
from systems.syspro import documents
from systems.syspro.books import Books
from systems.syspro.documents import Posting, fields, own_mark
from systems.syspro.find import Where
from systems.syspro.models import SYSTEM, Row
from systems.writing.frame import Attempt

RECORD, STEP = "vendor", "upsert"
_COLUMNS = ("Supplier", "SupplierName", "Telephone", "Email", "UserField1", "OnHold")
_NAMED = {"phone": "Telephone", "email": "Email"}


class Suppliers:
    """See `systems.syspro.sink`."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def look_up(self, attempt: Attempt) -> Found:
        """The partner by its code if a link names one, else the supplier that has our ref in UserField1."""
        if found := await self.shown(attempt):
            return Found(tuple(found))
        if attempt.resolved.known_id:
            return Found(())
        rules = self._books.settings.suppliers
        if not fields(attempt.resolved.command)["create_missing"]:
            return Found(())
        if missing := [name for name in ("branch", "terms_code", "bank") if not getattr(rules, name)]:
            words = f"a new supplier needs suppliers.{missing[0]}: set it, or create the supplier in SYSPRO and match it"
            return Found((), refusal=f"{SYSTEM}: {words}", refusal_reason="supplier_defaults")
        code = documents.new_supplier_code(attempt.resolved.command, self._books.settings)
        if taken := await self._of(attempt, Where("Supplier", "EQ", code)):
            words = f"supplier {code} is there already as {taken[0]['SupplierName']}: match it, or set suppliers.code_prefix"
            return Found((), refusal=f"{SYSTEM}: {words}", refusal_reason="code_taken")
        return await self._books.refusal(attempt, await self.posting(attempt))

    async def shown(self, attempt: Attempt) -> Sequence[Document]:
        """The supplier of the command, as SYSPRO keeps it."""
        resolved, mark = attempt.resolved, own_mark(attempt.resolved.command)
        where = Where("Supplier", "EQ", resolved.known_id) if resolved.known_id else Where("UserField1", "EQ", mark)
        try:
            rows = await self._of(attempt, where)
        except Malformed:
            return []  # SYSPRO cannot store such an id, so there is no such supplier
        return [_supplier(row, resolved) for row in rows]

    async def _of(self, attempt: Attempt, where: Where) -> list[Row]:
        rows = await self._books.rows(attempt, "ApSupplier", _COLUMNS, (where,), ("Supplier",))
        return [row for row in rows if row.get(where.column) == where.value]

    async def posting(self, attempt: Attempt) -> Posting:
        """Add or update, depending on what was looked up."""
        command, found, settings = attempt.resolved.command, attempt.document, self._books.settings
        if found is None and attempt.resolved.known_id:
            raise Refused(
                f"{SYSTEM}: supplier {attempt.resolved.known_id}, to which {command['source_id']} is linked, is not there", "gone"
            )
        code = found.erp_id if found is not None else documents.new_supplier_code(command, settings)
        return documents.supplier(command, code, settings, is_new=found is None)


def _supplier(row: Row, resolved: ResolvedCommand) -> Document:
    """A supplier, with what the update will write. An empty value of ours clears nothing."""
    own = fields(resolved.command)
    told = []
    for name in owned("vendor", FIELD_SERVICE):
        column = _NAMED.get(name, "")
        if column and own[name] and row[column] != own[name]:
            told.append(f"{name}: {row[column]}, {own[name]}")
    is_ours = resolved.known_id == row["Supplier"] or row["UserField1"] == own_mark(resolved.command)
    ref = resolved.command["ref"] if is_ours else ""
    return Document(row["Supplier"], row["Supplier"], ref, Decimal("0.00"), "", (STEP,), tuple(told))
