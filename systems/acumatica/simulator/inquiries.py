"""Generic inquiries of the tenant, one for each entity: their columns, which push notifications send, and their description by OData.

Sources: reference clients (`/t/{tenant}/api/odata/gi/$metadata`, a container `Default` with a set for each inquiry; the rows of an inquiry that is
not exposed answer 403), OData 4.0 (the form). None is exposed here. The names and columns of the inquiries are our own.
"""

from __future__ import annotations

from functools import cache

from aiohttp import web
from lxml import etree

from runtime.simulator.sessions import Session
from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.door import Door
from systems.acumatica.simulator.shapes import KEYS, shape

RECORD_ID = "RecordID"
_EDMX, _EDM = "http://docs.oasis-open.org/odata/ns/edmx", "http://docs.oasis-open.org/odata/ns/edm"
_SPACE = "Default"
_TYPES = {
    "Boolean": "Edm.Boolean",
    "Date": "Edm.DateTimeOffset",
    "DateTime": "Edm.DateTimeOffset",
    "Decimal": "Edm.Decimal",
    "Guid": "Edm.Guid",
    "Int": "Edm.Int32",
    "Long": "Edm.Int64",
    "Short": "Edm.Int16",
    "String": "Edm.String",
}


def name_of(entity: str) -> str:
    """The inquiry of an entity."""
    return f"ML-{entity}"


def columns(entity: str) -> tuple[str, ...]:
    """The columns of an entity's inquiry besides its record's id."""
    known = shape(entity).scalars
    names = (*KEYS[entity], "Status", "Active", "LastModifiedDateTime", "NoteID")
    return tuple(dict.fromkeys(name for name in names if name in known))


def add_inquiries(app: web.Application, door: Door) -> None:
    """Add the OData routes."""

    def described(request: web.Request, _: Session) -> web.Response:
        _require_tenant(request, door)
        return web.Response(body=metadata(), content_type="application/xml", charset="utf-8", headers={"OData-Version": "4.0"})

    def rows(request: web.Request, _: Session) -> web.Response:
        _require_tenant(request, door)
        if request.match_info["inquiry"] not in {name_of(entity) for entity in KEYS}:
            raise VendorError(404, f"The inquiry '{request.match_info['inquiry']}' is not found.")
        raise VendorError(403, f"The inquiry '{request.match_info['inquiry']}' is not exposed via OData.")

    async def metadata_route(request: web.Request) -> web.StreamResponse:
        return await door.admit(request, "GET /odata/gi/$metadata", described)

    async def rows_route(request: web.Request) -> web.StreamResponse:
        return await door.admit(request, "GET /odata/gi/{inquiry}", rows)

    app.router.add_get("/t/{tenant}/api/odata/gi/$metadata", metadata_route)
    app.router.add_get("/t/{tenant}/api/odata/gi/{inquiry}", rows_route)


def _require_tenant(request: web.Request, door: Door) -> None:
    if request.match_info["tenant"] != door.sign_in.account.tenant:
        raise VendorError(404, f"The tenant '{request.match_info['tenant']}' is not found.")


@cache
def metadata() -> bytes:
    """The metadata document (EDMX) of all inquiries."""
    root = etree.Element(f"{{{_EDMX}}}Edmx", {"Version": "4.0"}, nsmap={"edmx": _EDMX, "edm": _EDM})
    schema = etree.SubElement(etree.SubElement(root, f"{{{_EDMX}}}DataServices"), f"{{{_EDM}}}Schema", {"Namespace": _SPACE})
    for entity in KEYS:
        _add_type(schema, entity)
    container = etree.SubElement(schema, f"{{{_EDM}}}EntityContainer", {"Name": _SPACE})
    for entity in KEYS:
        etree.SubElement(
            container, f"{{{_EDM}}}EntitySet", {"Name": name_of(entity), "EntityType": f"{_SPACE}.{_type_name(entity)}"}
        )
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _type_name(entity: str) -> str:
    return name_of(entity).replace("-", "_")


def _add_type(schema: etree._Element, entity: str) -> None:
    kinds = shape(entity).scalars
    made = etree.SubElement(schema, f"{{{_EDM}}}EntityType", {"Name": _type_name(entity)})
    etree.SubElement(etree.SubElement(made, f"{{{_EDM}}}Key"), f"{{{_EDM}}}PropertyRef", {"Name": RECORD_ID})
    etree.SubElement(made, f"{{{_EDM}}}Property", {"Name": RECORD_ID, "Type": "Edm.Guid", "Nullable": "false"})
    for name in columns(entity):
        etree.SubElement(made, f"{{{_EDM}}}Property", {"Name": name, "Type": _TYPES[kinds[name]]})
