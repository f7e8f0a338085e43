"""Asynchronous requests: `Prefer: respond-async`, the job that answers them, and the idempotency key, which works only for them.

Source: help pages on asynchronous execution and idempotency: 202 with the address of the job; job, task and result; a key that was used is refused
with 400, title Conflict, code IDEMPOTENCY_ERROR and the address of the first job. On a synchronous request the key has no effect. Here a job is done
as soon as it is requested (assumed).
"""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web

from systems.netsuite.simulator.answers import MEDIA, Detail, NsError, answer_of, bad_header, missing, resource
from systems.netsuite.simulator.door.entrance import Door, Inner
from systems.netsuite.simulator.service.records import envelope, host_of

JOBS = "/services/rest/async/v1/job"
_KEY = "X-NetSuite-Idempotency-Key"


class Jobs:
    """The jobs of the account."""

    def __init__(self, door: Door) -> None:
        self._account = door.account
        self._door = door

    def add(self, app: web.Application) -> None:
        """Add the routes of jobs."""
        told = (
            ("{job}", self._job),
            ("{job}/task", self._tasks),
            ("{job}/task/{task}", self._task),
            ("{job}/task/{task}/result", self._result),
        )
        for path, inner in told:
            app.router.add_get(f"{JOBS}/{path}", self._door.guarded("GET /job", inner))

    def wrap(self, inner: Inner) -> Inner:
        """The same handler, but with a job as its answer if the client prefers one."""

        async def answer(request: web.Request) -> web.Response:
            prefer = request.headers.get("Prefer", "")
            if not prefer:
                return await inner(request)
            if prefer != "respond-async":
                raise bad_header(f"The preference '{prefer}' is not supported.", "Prefer")
            return await self._started(request, inner)

        return answer

    async def _started(self, request: web.Request, inner: Inner) -> web.Response:
        key = request.headers.get(_KEY, "")
        held = self._account.store.get("idempotency", key) if key else None
        if held is not None:
            detail = Detail("The idempotency key was already used.", "IDEMPOTENCY_ERROR", header=_KEY)
            raise NsError(400, (detail,), "Conflict", {"Location": f"{host_of(request)}{JOBS}/{held['job']}"})
        job = self._account.number("job_async")
        if key:
            self._account.store.put("idempotency", key, {"job": job}, self._account.now())
        try:
            answer = await inner(request)
        except NsError as error:
            answer = answer_of(error)
        body = answer.body if isinstance(answer.body, bytes) else b""
        told = {"status": answer.status, "body": base64.b64encode(body).decode(), "location": answer.headers.get("Location", "")}
        self._account.store.put("job", job, told | {"id": job}, self._account.now())
        headers = {"Location": f"{host_of(request)}{JOBS}/{job}", "Preference-Applied": "respond-async"}
        return web.Response(status=202, headers=headers)

    def _held(self, request: web.Request) -> dict[str, Any]:
        held = self._account.store.get("job", request.match_info["job"])
        if held is None or request.match_info.get("task", "1") != "1":
            raise missing("job", request.match_info["job"])
        return held

    async def _job(self, request: web.Request) -> web.Response:
        held = self._held(request)
        here = f"{host_of(request)}{JOBS}/{held['id']}"
        links = {"links": [{"rel": "self", "href": here}], "task": {"links": [{"rel": "self", "href": f"{here}/task"}]}}
        return resource(links | {"completed": True, "id": held["id"], "progress": _progress(held)})

    async def _tasks(self, request: web.Request) -> web.Response:
        held = self._held(request)
        here = f"{host_of(request)}{JOBS}/{held['id']}/task/1"
        return resource(envelope(request, [{"links": [{"rel": "self", "href": here}], "id": "1"}], 0, 1), "collection")

    async def _task(self, request: web.Request) -> web.Response:
        held = self._held(request)
        here = f"{host_of(request)}{JOBS}/{held['id']}/task/1"
        links = [{"rel": "self", "href": here}, {"rel": "related", "href": f"{here}/result"}]
        return resource({"links": links, "id": "1", "completed": True, "progress": _progress(held)})

    async def _result(self, request: web.Request) -> web.Response:
        held = self._held(request)
        headers = {"Location": held["location"]} if held["location"] else {}
        body = base64.b64decode(held["body"])
        media = {"Content-Type": f"{MEDIA}; type=error"} if body else {}
        return web.Response(status=held["status"], body=body, headers=headers | media)


def _progress(held: dict[str, Any]) -> str:
    return "succeeded" if held["status"] < 400 else "failed"
