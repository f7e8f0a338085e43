"""The application of a simulator, and its control routes under `/__sim__/`. These are ours: they ask and change the simulator itself.

Every simulator answers `GET journal?after=`, `POST|GET|DELETE faults`, `GET|POST settings` and `GET|DELETE calls`. A system adds its own
routes as functions that get a query or a JSON body and return the answer. A wrong request is answered with status 400 and the reason.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from runtime.simulator.answers import json_answer
from runtime.simulator.faults import FAULTS, inject
from runtime.simulator.installation import Installation
from runtime.simulator.serve import CONTROL

Ask = Callable[[Mapping[str, str]], Any]
Tell = Callable[[dict[str, Any]], Any]


def application(installation: Installation[Any], middlewares: tuple[Any, ...] = ()) -> web.Application:
    """An application with the common control routes. Planned faults are outermost, the latency comes next; a system adds the vendor's routes."""

    @web.middleware
    async def later(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL):
            return await handler(request)
        if installation.settings.latency_s:
            await asyncio.sleep(installation.settings.latency_s)
        begun = time.perf_counter()
        try:
            return await handler(request)
        finally:
            installation.inside_s += time.perf_counter() - begun

    app = web.Application(middlewares=[inject, later, *middlewares], client_max_size=64 * 1024 * 1024)
    app[FAULTS] = installation.faults
    _add_common(app, installation)
    return app


def _add_common(app: web.Application, on: Installation[Any]) -> None:
    faults, store, settings = on.faults, on.store, on.settings

    def plan(body: dict[str, Any]) -> dict[str, Any]:
        faults.plan(body["faults"])
        return {"planned": len(faults.planned)}

    def change(body: dict[str, Any]) -> dict[str, Any]:
        settings.change(body)
        return asdict(settings)

    def calls(_: Mapping[str, str]) -> dict[str, Any]:
        counted = {"calls": dict(sorted(on.calls.items())), "total": on.calls.total(), "refused": dict(on.refused)}
        return counted | {"inside_s": on.inside_s}

    def forget_calls(query: Mapping[str, str]) -> dict[str, Any]:
        on.calls.clear()
        on.refused.clear()
        on.inside_s = 0.0
        return calls(query)

    def forget_faults(_: Mapping[str, str]) -> dict[str, Any]:
        faults.clear()
        return {"planned": 0}

    add_asked(
        app,
        journal=lambda query: {"commits": store.journal(int(query.get("after", "0")))},
        faults=lambda _: {"hits": faults.hits, "planned": [vars(fault) for fault in faults.planned if fault.count > 0]},
        settings=lambda _: asdict(settings),
        calls=calls,
    )
    add_told(app, faults=plan, settings=change)
    add_deleted(app, faults=forget_faults, calls=forget_calls)


def add_asked(app: web.Application, **asked: Ask) -> None:
    """Add GET routes; `masters_truth` is the route `/__sim__/masters/truth`."""
    _add(app, "GET", asked)


def add_told(app: web.Application, **told: Tell) -> None:
    """Add POST routes; an empty body is an empty object."""

    def read(tell: Tell) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            text = await request.text()
            return _answered(lambda: tell(json.loads(text) if text else {}))

        return answer

    for name, tell in told.items():
        app.router.add_post(_path(name), read(tell))


def add_deleted(app: web.Application, **deleted: Ask) -> None:
    """Add DELETE routes."""
    _add(app, "DELETE", deleted)


def _add(app: web.Application, method: str, asked: dict[str, Ask]) -> None:
    def read(ask: Ask) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            return _answered(lambda: ask(request.query))

        return answer

    for name, ask in asked.items():
        app.router.add_route(method, _path(name), read(ask))


def _path(name: str) -> str:
    return CONTROL + name.replace("_", "/")


def _answered(work: Callable[[], Any]) -> web.Response:
    try:
        return json_answer(work())
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)
