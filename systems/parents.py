"""Which document a parent link means, and the id of that document as the writer gets it. Pure.

A link names a source object. If that object makes several documents (an order and its bill, one bill for each vendor), `purpose` and `part` say which
one is meant. Without them, any of the documents will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.errors import Refused
from schemas.records import CommandEnvelope, Parent
from systems.mapped import APPLY


def link_name(parent: Parent) -> str:
    """How a link is named among the ids that a writer gets: `invoice/7`, or `payable|invoice/7|V1` with purpose and part."""
    purpose, part = parent.get("purpose", ""), parent.get("part", "")
    name = f"{parent['entity']}/{parent['source_id']}"
    return "|".join((purpose, _escaped(name), _escaped(part))) if purpose or part else name


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("|", "%7C")


def is_of_purpose(document: Mapping[str, Any], parent: Parent) -> bool:
    """Whether a command or ledger entry of the link's source object has the purpose that it names."""
    return parent.get("purpose", "") in ("", document["purpose"])


def is_meant(document: Mapping[str, Any], parent: Parent) -> bool:
    """Whether a command or ledger entry of the link's source object is the document that the link means. An application is identified by its part
    alone."""
    if document.get("action") == APPLY and not parent.get("part", ""):
        return False
    return is_of_purpose(document, parent) and parent.get("part", "") in ("", document["part"])


def parent_id(command: CommandEnvelope, role: str, ids: Mapping[str, str]) -> str:
    """The id of the parent in this role, in the system that is written to. Raises `Refused` if the sink did not find it."""
    for link in command["parents"]:
        if link["role"] == role:
            found = ids.get(link_name(link), "")
            if found:
                return found
            raise Refused(f"{command['system']} {command['ref']}: {role} {link['source_id']} has no id here; link it first")
    raise Refused(f"{command['system']} {command['ref']}: the command names no {role}")
