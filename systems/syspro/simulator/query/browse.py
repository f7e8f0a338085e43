"""COMBRW and COMFCH: rows of a table starting at a key, and one row by its key.

Sources: recorded answers of both; element trees. Assumed: a browse reads a table (BrowseDetails/TableName, or its name as BrowseName) in the order of
its key, and ends without keys of neighbours; a fetch of a missing row fails; optional keys are the further columns of the key.
"""

from __future__ import annotations

from systems.syspro.simulator.answers import Failed, Tag, document
from systems.syspro.simulator.company import Company
from systems.syspro.simulator.query.find import comparable, table_of
from systems.syspro.simulator.query.shown import shown, text
from systems.syspro.simulator.reading import Part
from systems.syspro.spec import Column, keys

_KINDS = {"char": "AlphaNumeric", "decimal": "Numeric", "datetime": "Date"}
_TITLES = {"InvWhControl": "Warehouses", "ApSupplier": "Suppliers", "InvMaster": "Stock codes", "ApBranch": "Branches"}
_FEW = 3


def browse(company: Company, asked: Part) -> str:
    """The answer to a browse."""
    details = asked.one("BrowseDetails")
    table, columns = table_of(company, details.texts.get("TableName") or asked["BrowseName"])
    names = [one["ColumnName"] for one in details.some("Column")] or list(columns)[:_FEW]
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise Failed(f"Column '{unknown[0]}' not found in table '{table}'")
    if not asked["ReturnRows"].isdecimal():
        raise Failed(f"ReturnRows '{asked['ReturnRows']}' of COMBRW is not a number")
    first = keys(table)[0]
    rows = sorted(company.rows(table), key=lambda row: [comparable(row, columns[name]) for name in keys(table)])
    start, condition = asked["StartAtKey"], asked["StartCondition"] or "GE"
    if condition not in ("GE", "GR"):
        raise Failed(f"StartCondition '{condition}' of COMBRW is not installed")
    if start:
        rows = [row for row in rows if row[first] > start or (condition == "GE" and row[first] == start)]
    tags: list[Tag] = [("Title", details.texts.get("Title") or _TITLES.get(table, table))]
    for row in rows[: int(asked["ReturnRows"])]:
        tags.append(("Row", [(name, _cell(str(row[name]), columns[name])) for name in names]))
    return document(table, "7.0.038", tags)


def _cell(value: str, column: Column) -> list[Tag]:
    return [("Value", text(value, column)), ("DataType", _KINDS[column.kind])]


def fetch(company: Company, asked: Part) -> str:
    """The answer to a fetch: every column of one row."""
    table, columns = table_of(company, asked["TableName"])
    sent = [asked["Key"], *(asked[f"OptionalKey{place}"] for place in range(1, len(keys(table))))]
    if asked["FullKeyProvided"] != "Y":
        raise Failed("FullKeyProvided of COMFCH must be Y")
    row = company.row(table, *sent)
    if row is None:
        raise Failed(f"Key '{asked['Key']}' not found in table '{table}'")
    return document(table, "7.0.035", shown(row, list(columns.values())))
