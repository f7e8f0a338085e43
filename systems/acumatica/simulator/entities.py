"""The endpoint's routes: `/entity`, and `/entity/Default/{version}/{Entity}...` for reading, writing and acting.

Vendor operations: GetList, GetByKeys, GetById, PutEntity, InvokeAction, DeleteByKeys, DeleteById, PutFile, GetAdHocSchema of every entity
(OpenAPI Default 24.200.001). POST on an entity answers 406, an unknown endpoint or version 404 (assumed).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import islice
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler

from runtime.simulator.answers import json_answer
from runtime.simulator.sessions import Session
from systems.acumatica.simulator import upsert
from systems.acumatica.simulator.answers import VendorError, missing
from systems.acumatica.simulator.described import swagger
from systems.acumatica.simulator.door import Door, Inner
from systems.acumatica.simulator.filters import parse_filter
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.operations import ACTIONS, EXTENDED, Call, Operations
from systems.acumatica.simulator.seed.companies import companies_structure
from systems.acumatica.simulator.shapes import KEYS, shape
from systems.acumatica.simulator.tables import Table
from systems.acumatica.simulator.tenant import Change, Tenant
from systems.acumatica.simulator.view import View, view_of, wrap
from systems.acumatica.simulator.wire import bad_request, parse, read

_LIST_QUERY = frozenset({"$filter", "$top", "$skip", "$select", "$expand", "$custom"})
_WRITE_QUERY = frozenset({"$filter", "$select", "$expand", "$custom"})
_BUILD = "24.204.0006"


class EntityRoutes:
    """The handlers; `add` puts them behind the door."""

    def __init__(self, tenant: Tenant, door: Door, operations: Operations) -> None:
        self._tenant = tenant
        self._door = door
        self._operations = operations

    def add(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/entity", self._gated("GET /entity", self._endpoints))
        root = "/entity/{endpoint}/{version}"
        app.router.add_get(f"{root}/swagger.json", self._gated("GET /swagger.json", self._swagger))
        app.router.add_route("*", root + "/{entity}{rest:(/.*)?}", self._entity)

    def _gated(self, template: str, inner: Inner) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._door.admit(request, template, inner)

        return answer

    def _endpoints(self, _: web.Request, __: Session) -> web.Response:
        versions = self._tenant.settings.endpoint_versions.split(",")
        body = {
            "version": {"acumaticaBuildVersion": _BUILD, "databaseVersion": _BUILD},
            "endpoints": [{"name": "Default", "version": version.strip()} for version in versions] + self._extended(),
        }
        return json_answer(body)

    def _extended(self) -> list[dict[str, str]]:
        """The endpoint that an administrator installed in addition to the vendor's, `NAME/VERSION`; none unless the setting names one."""
        name, _, version = self._tenant.settings.extended_endpoint.partition("/")
        return [{"name": name, "version": version}] if name else []

    def _is_extended(self, request: web.Request) -> bool:
        return {"name": request.match_info["endpoint"], "version": request.match_info["version"]} in self._extended()

    def _swagger(self, request: web.Request, _: Session) -> web.Response:
        self._refuse_version(request)
        endpoint, version = request.match_info["endpoint"], request.match_info["version"]
        url = f"{request.scheme}://{request.host}/entity/{endpoint}/{version}"
        return json_answer(swagger(endpoint, version, url, is_extended=self._is_extended(request)))

    def _refuse_version(self, request: web.Request) -> None:
        endpoint, version = request.match_info["endpoint"], request.match_info["version"]
        if self._is_extended(request):
            return
        if endpoint != "Default" or version not in [known.strip() for known in self._tenant.settings.endpoint_versions.split(",")]:
            raise VendorError(404, f"No endpoint {endpoint} {version} was found.")

    async def _entity(self, request: web.Request) -> web.StreamResponse:
        entity, rest = request.match_info["entity"], request.match_info["rest"].strip("/")
        name, inner = self._operation(request.method, entity, rest)
        return await self._door.admit(request, f"{request.method} /{name}", inner)

    def _operation(self, method: str, entity: str, rest: str) -> tuple[str, Inner]:
        """The template and the handler of a call below an entity."""
        if not rest:
            plain: dict[str, Inner] = {"GET": self._list, "PUT": self._put}
            return entity, plain.get(method, self._not_acceptable)
        if rest == "$adHocSchema":
            return f"{entity}/$adHocSchema", self._ad_hoc if method == "GET" else self._not_acceptable
        parts = rest.split("/")
        if method == "GET" and len(parts) == 3 and parts[1] == "status":
            return f"{entity}/{parts[0]}/status", self._status
        if method == "PUT" and len(parts) >= 3 and parts[-2] == "files":
            return f"{entity}/{{key}}/files", self._put_file
        if method == "POST":
            return f"{entity}/{rest}" if (entity, rest) in (*ACTIONS, *EXTENDED) else f"{entity}/{{action}}", self._act
        named: dict[str, Inner] = {"GET": self._one, "DELETE": self._delete}
        return f"{entity}/{{key}}", named.get(method, self._not_acceptable)

    def _table(self, request: web.Request) -> Table:
        self._refuse_version(request)
        entity = request.match_info["entity"]
        if entity not in KEYS:
            raise VendorError(404, f"The entity '{entity}' is not found in the endpoint of this tenant.")
        if entity in self._tenant.settings.denied.split(","):
            raise VendorError(403, f"You have insufficient rights to access the {entity} form.")
        return self._tenant.table(entity)

    def _not_acceptable(self, request: web.Request, _: Session) -> web.Response:
        raise VendorError(406, f"{request.method} is not acceptable here.")

    def _shown(self, request: web.Request, node: Node, view: View, number: int = 1) -> dict[str, object]:
        entity = request.match_info["entity"]
        body = wrap(node, shape(entity), view, number)
        path = f"/entity/{request.match_info['endpoint']}/{request.match_info['version']}/{entity}/{node.id}"
        body["_links"] = {"self": path, "files:put": f"{path}/files/{{filename}}"}
        return body

    def _list(self, request: web.Request, _: Session) -> web.Response:
        if request.match_info["entity"] == "CompaniesStructure":
            raise VendorError(500, "CompaniesStructure is an inquiry; send PUT with an empty object.")
        table = self._table(request)
        _refuse_unknown(request, _LIST_QUERY)
        view = view_of(request.query, table.shape, self._tenant.user_fields)
        found = self._found(request, table)
        skip, top = _count(request, "$skip") or 0, _count(request, "$top")
        if self._tenant.faults.take("page_drift", "GET", request.path):
            skip += 1  # a row before this page was removed while the client was paging
        page = list(islice(found, skip, None if top is None else skip + top))
        return json_answer([self._shown(request, node, view, number) for number, node in enumerate(page, skip + 1)])

    def _found(self, request: web.Request, table: Table) -> Iterable[Node]:
        text = request.query.get("$filter", "")
        wanted = parse_filter(text, table.shape, self._tenant.user_fields) if text else None
        stale = self._tenant.faults.take("stale_search", "GET", request.path)
        return table.find(wanted) if stale is None else table.find_stale(wanted, stale.seconds)

    def _one(self, request: web.Request, _: Session) -> web.Response:
        node = self._named(request, request.match_info["rest"].strip("/").split("/"))
        _refuse_unknown(request, _WRITE_QUERY)
        view = view_of(request.query, shape(request.match_info["entity"]), self._tenant.user_fields)
        return json_answer(self._shown(request, node, view))

    def _named(self, request: web.Request, keys: list[str]) -> Node:
        table = self._table(request)
        node = table.get(keys[0].lower()) if len(keys) == 1 and _is_guid(keys[0]) else table.by_keys(*keys)
        if node is None:
            error = missing()
            error.status = int(self._tenant.settings.missing_by_key)
            raise error
        return node

    async def _put(self, request: web.Request, _: Session) -> web.Response:
        raw = await request.read()
        _refuse_unknown(request, _WRITE_QUERY)
        if request.content_type != "application/json":
            raise VendorError(415, "The request must be application/json.")
        body = parse(raw)
        if request.match_info["entity"] == "CompaniesStructure":
            self._refuse_version(request)
            return json_answer(companies_structure(self._tenant, request.query.get("$expand") == "Results"))
        table = self._table(request)
        view = view_of(request.query, table.shape, self._tenant.user_fields)
        is_new, is_old = upsert.conditions(request.headers)
        node = upsert.put(self._tenant, _put_of(request, body, is_new, is_old))
        return json_answer(self._shown(request, node, view))

    async def _act(self, request: web.Request, session: Session) -> web.Response:
        body = parse(await request.read())
        table = self._table(request)
        key = (request.match_info["entity"], request.match_info["rest"].strip("/"))
        if key not in ACTIONS and not (key in EXTENDED and self._is_extended(request)):
            raise VendorError(404, f"The action '{key[1]}' is not found for {key[0]}.")
        if not body.keys() <= {"entity", "parameters"} or not isinstance(body.get("entity"), dict):
            raise bad_request("The body must have the member 'entity'.")
        draft = read(body["entity"], table.shape, self._tenant.user_fields)
        node = table.get(draft.id) if draft.id else table.by_keys(*[draft.text(name) for name in table.keys])
        if node is None:
            raise missing()
        call = Call(key, node.id, _parameters(body.get("parameters") or {}))
        operation = self._operations.start(call, session, _request_id(request))
        if operation.done:
            return web.Response(status=204)
        return web.Response(status=202, headers={"Location": f"{request.path}/status/{operation.id}"})

    def _status(self, request: web.Request, session: Session) -> web.Response:
        self._table(request)
        operation = self._operations.status(request.path.rpartition("/")[2], session)
        if operation.error is not None:
            raise operation.error
        if not operation.done:
            return web.Response(status=202, headers={"Location": request.path})
        record = request.path.split(f"/{operation.action}/")[0]
        return web.Response(status=204, headers={"Location": f"{record}/{operation.result}"})

    def _delete(self, request: web.Request, _: Session) -> web.Response:
        node = self._named(request, request.match_info["rest"].strip("/").split("/"))
        upsert.delete(self._tenant, request.match_info["entity"], node, _request_id(request))
        return web.Response(status=204)

    async def _put_file(self, request: web.Request, _: Session) -> web.Response:
        content = await request.read()
        *keys, _files, name = request.match_info["rest"].strip("/").split("/")
        node = self._named(request, keys).copy()
        files = [kept for kept in node.hidden.get("files", []) if kept["filename"] != name]
        file_id = self._tenant.new_id("file", node.id, name)
        files.append({"id": file_id, "filename": name, "href": f"/entity/Default/files/{file_id}"})
        node.hidden["files"] = files
        change = Change(request.match_info["entity"], node, "file", f"{name} {len(content)} bytes")
        self._tenant.commit([change], _request_id(request))
        return web.Response(status=204)

    def _ad_hoc(self, request: web.Request, _: Session) -> web.Response:
        table = self._table(request)
        view = View(custom=tuple(sorted(self._tenant.user_fields)))
        return json_answer(self._shown(request, Node(id=self._tenant.new_id("schema", table.shape.name)), view))


def _parameters(sent: object) -> dict[str, object]:
    """Parameters of an action, without the wrapping of value objects."""
    if not isinstance(sent, dict):
        raise bad_request("The member 'parameters' must be an object.")
    return {name: value.get("value") if isinstance(value, dict) else value for name, value in sent.items()}


def _put_of(request: web.Request, body: dict[str, object], is_new: bool, is_old: bool) -> upsert.Put:
    return upsert.Put(
        entity=request.match_info["entity"],
        body=body,
        filter=request.query.get("$filter", ""),
        must_be_new=is_new,
        must_exist=is_old,
        branch=request.headers.get("PX-CbApiBranch", ""),
        business_date=_business_date(request),
        request_id=_request_id(request),
    )


def _request_id(request: web.Request) -> str:
    return request.headers.get("X-Request-Id", "")


def _business_date(request: web.Request) -> date | None:
    text = request.headers.get("PX-CbApiBusinessDate")
    try:
        return None if text is None else datetime.fromisoformat(text).date()
    except ValueError as error:
        raise bad_request(f"PX-CbApiBusinessDate '{text}' is not a date.") from error


def _refuse_unknown(request: web.Request, known: frozenset[str]) -> None:
    for name in request.query:
        if name not in known or len(request.query.getall(name)) > 1:
            raise VendorError(500, f"The query option '{name}' is not supported.")


def _count(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise VendorError(500, f"The value '{text}' is not valid for {name}.", "System.FormatException")
    return int(text)


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
