"""The routes below `/fscmRestApi/resources`: from a path to a resource, a row and a child, and from a method to the operation.

Sources: REST guide (GET, POST 201, PATCH 200, DELETE 204, 405, 412, 415), PRC 26a (a path key is taken from `links`, never built), RYT and FIN
(content types). Assumed: POST and PATCH show the children that the body named; `If-Match` against the `ETag` of a row;
plain `application/json` where Accept names it. The Date header is the pod's own clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from runtime.simulator.answers import read_json
from runtime.simulator.conditions import Condition
from runtime.simulator.records import Row
from runtime.simulator.switches import names
from runtime.wire import dumps
from systems.oracle_fusion.simulator.answers import (
    ACTION_TYPE,
    BATCH_TYPE,
    COLLECTION_TYPE,
    ITEM_TYPE,
    Problem,
    Refused,
    bad,
    row_answer,
)
from systems.oracle_fusion.simulator.described import described, versions
from systems.oracle_fusion.simulator.door import Door, SignInPage
from systems.oracle_fusion.simulator.draft import draft_of
from systems.oracle_fusion.simulator.framework import Ask, version_of
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.query import finder, found_by_finder, where
from systems.oracle_fusion.simulator.resources import Resource
from systems.oracle_fusion.simulator.rules import receipts
from systems.oracle_fusion.simulator.shapes import Shape
from systems.oracle_fusion.simulator.view import View, change_indicator, key_of

ROOT = "/fscmRestApi/resources"
_ELSEWHERE = "http://169.254.169.254/latest/meta-data/"
VERSIONS = ("11.13.18.05", "latest")


class Api:
    """Answers the calls of the REST API."""

    def __init__(self, pod: Pod, door: Door, resources: Iterable[Resource]) -> None:
        self._pod, self._door = pod, door
        self._resources = {resource.name: resource for resource in resources}

    def add(self, app: web.Application) -> None:
        """Add the one route that takes every path."""
        app.router.add_route("*", ROOT + "{rest:(?:/.*)?}", self.answer)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a call, or refuse it in the form that it asks for."""
        version, raw = 1, await request.read()
        accept = request.headers.get("Accept", "")
        try:
            self._door.admit(request)
            version = version_of(request, self._pod)
            self._pod.request_id = request.headers.get("X-Request-Id", "")
            self._pod.run_due()
            lost = self._pod.faults.take("redirected", request.method, request.path)
            if lost is not None:
                return web.Response(status=302, headers={"Location": _ELSEWHERE})
            answer = self._routed(request, version, raw)
        except SignInPage:
            answer = self._door.page()
        except Refused as refused:
            answer = refused.answer(version, accept)
        if answer.content_type in (ITEM_TYPE, COLLECTION_TYPE, BATCH_TYPE) and "application/json" in accept:
            answer.content_type = "application/json"
        answer.headers["REST-Framework-Version"] = str(version)
        answer.headers["Date"] = format_datetime(self._pod.clock.now(), usegmt=True)
        return answer

    def _routed(self, request: web.Request, version: int, raw: bytes) -> web.Response:
        parts = [part for part in request.match_info["rest"].split("/") if part]
        self._pod.calls[" ".join((request.method, *parts[1:2], *parts[3:5:2], *parts[5:7:2]))] += 1
        if parts and parts[0] not in VERSIONS:
            raise Refused(404)
        if len(parts) == 1 and request.method == "POST":
            return self._batch(request, version, raw)
        if len(parts) < 2:
            return versions(self._pod, f"{request.url.origin()}{ROOT}")
        resource = self._resources.get(parts[1])
        if resource is None:
            raise Refused(404, Problem(f"The resource {parts[1]} is not found."))
        ask = Ask(self._pod, request, version, f"{request.url.origin()}{ROOT}/{parts[0]}")
        ask.refuse_unknown()
        return Call(self._door, ask, resource, parts[2:], raw).answer()

    def _batch(self, request: web.Request, version: int, raw: bytes) -> web.Response:
        """Several rows in one call, all or none ("Perform Batch Actions"); create is the only operation that is simulated."""
        if request.content_type != BATCH_TYPE:
            raise Refused(415)
        try:
            sent = read_json(raw)["parts"]
            asked = [(one["id"], str(one["path"]).strip("/"), one["operation"], one["payload"]) for one in sent]
        except (ValueError, KeyError, TypeError) as error:
            raise bad(f"The batch cannot be read: {error}.", "JBO-25003") from error
        ask = Ask(self._pod, request, version, f"{request.url.origin()}{ROOT}/{request.match_info['rest'].strip('/')}")
        shown = []
        with self._pod.together():
            for key, path, operation, payload in asked:
                resource = self._resources.get(path)
                if operation != "create" or resource is None or resource.rules.create is None:
                    raise bad(f"The part {key} of the batch is not valid.", "JBO-25058", "parts")
                self._door.require(resource.write)
                row = resource.rules.create(self._pod, draft_of(resource.shape, payload))
                made = ask.sheet.row(resource.shape, row, View(), f"{ask.base}/{path}")
                shown.append({"id": key, "path": f"/{path}", "operation": operation, "payload": made})
        return web.Response(body=dumps({"parts": shown}), content_type=BATCH_TYPE)


class Call:
    """One call on one resource; `rest` is the part of its path after the resource's name."""

    def __init__(self, door: Door, ask: Ask, resource: Resource, rest: list[str], raw: bytes) -> None:
        self._door, self._ask, self._resource, self._rest, self._raw = door, ask, resource, rest, raw
        self._pod, self._method = ask.pod, ask.request.method
        self._address = f"{ask.base}/{resource.name}"

    def answer(self) -> web.Response:
        """Carry out what the method asks for."""
        resource, method = self._resource, self._method
        self._door.require(resource.read if method == "GET" else resource.write)
        if not self._rest:
            return {"GET": self._list, "POST": self._create}.get(method, self._not_allowed)()
        if self._rest == ["describe"]:
            return described(resource.shape, receipts.actions(self._pod) if resource.shape.name == receipts.KIND else ())
        row = self._row(self._rest[0])
        below = self._rest[1:]
        if not below:
            return {"GET": self._show, "PATCH": self._change, "DELETE": self._remove}.get(method, self._unable)(row)
        if below[0] == "action" and len(below) == 2 and method == "POST":
            return self._act(row, below[1])
        if below[0] == "child" and len(below) > 1:
            return self._child(row, below)
        raise Refused(404)

    def _list(self) -> web.Response:
        resource, shape = self._resource, self._resource.shape
        text = self._ask.option("finder")
        if not resource.is_listed or (resource.needs_finder and not text):
            raise bad(f"A list of {resource.name} needs a finder, or is not supported.", "JBO-25058")
        rows = [row for row in self._found(text) if self._is_visible(row)]
        return self._ask.page(shape, self._ask.chosen(shape, rows), self._address)

    def _found(self, text: str | None) -> list[Row]:
        """The rows of a finder, or the candidates that an index gives for `q`."""
        resource, pod = self._resource, self._pod
        stale = pod.faults.take("stale_search", "GET", self._ask.request.path)
        if stale is not None:
            return pod.as_of(resource.name, stale.seconds)
        if text:
            name, variables = finder(text)
            if name in resource.finders:
                return resource.finders[name](pod, variables)
            wanted = found_by_finder(resource.shape.key, name, variables, resource.shape.attributes)
            return [row for row in self._all() if wanted.matches(row)]
        query = self._ask.option("q")
        limited = where(query, self._ask.version, resource.shape.attributes) if query else Condition[Row](lambda _: True)
        probe = limited.probes[0] if len(limited.probes) == 1 and resource.rows is None else None
        if probe is not None and pod.is_found_by(resource.name, probe.field):
            return pod.rows_with(resource.name, probe.field, probe.text)
        return self._all()

    def _all(self) -> list[Row]:
        return self._resource.rows(self._pod) if self._resource.rows is not None else self._pod.rows(self._resource.name)

    def _is_visible(self, row: Row) -> bool:
        """Whether the user may see the row. Rows of other business units are silently absent."""
        units = names(self._pod.settings.business_units)
        return not units or not self._resource.units or row.get(self._resource.units) in units

    def _row(self, key: str) -> Row:
        resource, pod = self._resource, self._pod
        if resource.row is not None:
            found = resource.row(pod, key)
        elif resource.shape.is_hashed and pod.settings.path_keys == "hash":
            indexed = pod.is_found_by(resource.name, "_path")
            rows = pod.rows_with(resource.name, "_path", key) if indexed else self._all()
            found = next((row for row in rows if key_of(pod, resource.shape, row) == key), None)
        else:
            found = pod.get(resource.name, key)
        if found is None or not self._is_visible(found):
            raise Refused(404, Problem(f"The row {key} of {resource.name} is not found."))
        return found

    def _show(self, row: Row) -> web.Response:
        shape = self._resource.shape
        shown = self._ask.sheet.row(shape, row, self._ask.view(shape), self._address)
        return row_answer(shown, etag=change_indicator(row))

    def _create(self) -> web.Response:
        rules = self._resource.rules
        if rules.create is None:
            raise Refused(405)
        draft = self._draft(self._resource.shape)
        return self._written(rules.create(self._pod, draft), draft, 201)

    def _change(self, row: Row) -> web.Response:
        rules = self._resource.rules
        if rules.change is None:
            raise Refused(405)
        self._require_match(row)
        draft = self._draft(self._resource.shape)
        now = rules.change(self._pod, row, draft)
        if self._resource.wraps_change is not None and self._resource.wraps_change(self._pod, draft):
            shown = self._ask.sheet.row(self._resource.shape, now, View(), self._address)
            return row_answer({"items": [shown]})
        return self._written(now, draft, 200)

    def _remove(self, row: Row) -> web.Response:
        if self._resource.rules.remove is None:
            raise Refused(405)
        self._require_match(row)
        self._resource.rules.remove(self._pod, row)
        return web.Response(status=204)

    def _act(self, row: Row, name: str) -> web.Response:
        if self._resource.rules.act is None:
            raise Refused(404, Problem(f"The action {name} is not known."))
        if self._ask.request.content_type != ACTION_TYPE:
            raise Refused(415)
        return row_answer({"result": self._resource.rules.act(self._pod, row, name, self._body())})

    def _child(self, row: Row, below: list[str]) -> web.Response:
        """A collection of children, or one of them, at any depth."""
        shape, rows, address = self._resource.shape, [row], f"{self._address}/{self._rest[0]}"
        while below:
            if below[0] != "child" or len(below) < 2 or below[1] not in shape.children:
                raise Refused(404)
            shape, rows, address = shape.children[below[1]], rows[0].get(below[1]) or [], f"{address}/child/{below[1]}"
            if len(below) == 2:
                return self._children(row, shape, rows, address)
            rows = [one for one in rows if key_of(self._pod, shape, one) == below[2]]
            if not rows:
                raise Refused(404)
            address, below = f"{address}/{below[2]}", below[3:]
        if self._method != "GET":
            raise Refused(405)
        shown = self._ask.sheet.row(shape, rows[0], self._ask.view(shape), address.rpartition("/")[0])
        return row_answer(shown, etag=change_indicator(rows[0]))

    def _children(self, row: Row, shape: Shape, rows: list[Row], address: str) -> web.Response:
        if self._method == "GET":
            return self._ask.page(shape, self._ask.chosen(shape, rows), address)
        add = self._resource.rules.add.get(shape.path.partition(".")[2])
        if self._method != "POST" or add is None:
            raise Refused(405)
        added = add(self._pod, row, self._draft(shape))
        return row_answer(self._ask.sheet.row(shape, added, View(), address), 201, change_indicator(added))

    def _written(self, row: Row, draft: Row, status: int) -> web.Response:
        shape = self._resource.shape
        shown = self._ask.sheet.row(shape, row, _sent(shape, draft), self._address)
        return row_answer(shown, status, change_indicator(row))

    def _draft(self, shape: Shape) -> Row:
        if self._ask.request.content_type not in ("application/json", ITEM_TYPE):
            raise Refused(415)
        if self._ask.request.headers.get("Upsert-Mode", "false").lower() == "true":
            raise bad("Upsert mode is not supported by this resource.", "JBO-25058")
        return draft_of(shape, self._body())

    def _body(self) -> Any:
        try:
            return read_json(self._raw)
        except ValueError as error:
            raise bad(f"The body cannot be read: {error}.", "JBO-25003") from error

    def _require_match(self, row: Row) -> None:
        wanted = self._ask.request.headers.get("If-Match", "*").strip('"')
        if wanted not in ("*", change_indicator(row)):
            raise Refused(412, Problem("The row has been changed since it was read."))

    def _not_allowed(self) -> web.Response:
        raise Refused(405)

    def _unable(self, _: Row) -> web.Response:
        raise Refused(405)


def _sent(shape: Shape, draft: Row) -> View:
    """The children that a body named, at any depth."""
    parts = {}
    for name in draft.keys() & shape.children.keys():
        deeper = {inner: value for one in draft[name] for inner, value in one.items()}
        parts[name] = _sent(shape.children[name], deeper)
    return View(parts=parts)
