"""The second way to write a voucher: a VOUCHER_BUILD rowset message, from which the site's Voucher Build makes a voucher later. Pure.

Sources: a public voucher builder (FieldTypes, class="R", PSCAMA with AUDIT_ACTN A, own VOUCHER_ID, VCHR_SRC XML), PeopleBooks (staging tables, keys).
Our ref is VCHR_BLD_KEY_C1 while staged. Because we set VOUCHER_ID, a second message meets the voucher of the first instead of making another
(assumed). That the SOAP listener takes the message under `VOUCHER_BUILD.v1`, and that names are upper case, is assumed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from schemas.records import CommandEnvelope
from systems.peoplesoft import documents
from systems.peoplesoft.documents import Ids, Tree
from systems.peoplesoft.settings import Settings
from systems.peoplesoft.soap import ENVELOPE, User

OPERATION = "VOUCHER_BUILD"
ACTION = "VOUCHER_BUILD.v1"
_NESTED = {"VCHR_LINE": "VCHR_LINE_STG", "VCHR_DIST": "VCHR_DIST_STG"}
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
_PSCAMA = {"LANGUAGE_CD": "ENG", "AUDIT_ACTN": "A", "BASE_LANGUAGE_CD": "ENG", "PROCESS_INSTANCE": "0"}


def message(command: CommandEnvelope, ids: Ids, settings: Settings, user: User | None) -> bytes:
    """The complete SOAP message. Raises `Refused` for values that the staging tables cannot hold."""
    tree = documents.voucher(command, ids, settings)
    keys = {"BUSINESS_UNIT": tree["BUSINESS_UNIT"], "VCHR_BLD_KEY_C1": command["ref"], "VOUCHER_ID": tree["VOUCHER_ID"]}
    header = _keyed("VCHR_HDR_STG", {"VCHR_SRC": "XML"} | tree, keys)
    rowset = etree.Element(OPERATION)
    types = etree.SubElement(rowset, "FieldTypes")
    for record, fields in _types(header).items():
        _row(types, record, dict.fromkeys(fields, ""), fields)
    _row(types, "PSCAMA", dict.fromkeys(_PSCAMA, ""), dict.fromkeys(_PSCAMA, "CHAR") | {"PROCESS_INSTANCE": "NUMBER"})
    transaction = etree.SubElement(etree.SubElement(rowset, "MsgData"), "Transaction")
    _row(transaction, "VCHR_HDR_STG", header)
    _row(transaction, "PSCAMA", _PSCAMA)
    return _enveloped(rowset, user)


def _keyed(record: str, tree: Tree, keys: Tree) -> Tree:
    """A row with the keys that all rows of a voucher share. The number of a line is also a key of its distributions."""
    inner = keys | ({"VOUCHER_LINE_NUM": tree["VOUCHER_LINE_NUM"]} if record == "VCHR_LINE_STG" else {})
    made: Tree = dict(keys)
    for name, value in tree.items():
        if isinstance(value, list):
            made[_NESTED[name]] = [_keyed(_NESTED[name], one, inner) for one in value]
        else:
            made[name] = value
    return made


def _types(tree: Tree, record: str = "VCHR_HDR_STG") -> dict[str, dict[str, str]]:
    """The fields that are sent, with their types, by record."""
    found: dict[str, dict[str, str]] = {record: {}}
    for name, value in tree.items():
        if not isinstance(value, list):
            found[record][name] = _type(value)
            continue
        for one in value:
            for inner, fields in _types(one, name).items():
                found[inner] = found.get(inner, {}) | fields
    return found


def _type(value: Any) -> str:
    if isinstance(value, date):
        return "DATE"
    return "NUMBER" if isinstance(value, (int, Decimal)) else "CHAR"


def _row(parent: etree._Element, record: str, tree: Tree, types: dict[str, str] | None = None) -> None:
    row = etree.SubElement(parent, record, {"class": "R"})
    for name, value in tree.items():
        if isinstance(value, list):
            for one in value:
                _row(row, name, one)
            continue
        field = etree.SubElement(row, name, {"type": types[name]} if types else {})
        if not types:
            field.text = format(value, "f") if isinstance(value, Decimal) else str(value)


def _enveloped(rowset: etree._Element, user: User | None) -> bytes:
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soapenv": ENVELOPE})
    if user is not None:
        security = etree.SubElement(
            etree.SubElement(envelope, f"{{{ENVELOPE}}}Header"), f"{{{_WSSE}}}Security", nsmap={"wsse": _WSSE}
        )
        token = etree.SubElement(security, f"{{{_WSSE}}}UsernameToken")
        etree.SubElement(token, f"{{{_WSSE}}}Username").text = user.name
        etree.SubElement(token, f"{{{_WSSE}}}Password", {"Type": _TEXT}).text = user.password
    etree.SubElement(envelope, f"{{{ENVELOPE}}}Body").append(rowset)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
