"""An ERP that answers in the sink's own process, at the transport seam: the vendor's answers to what our client asks, and no more work.

It keeps one document for each ref and moves it from on hold to balanced to open as its requests say. Money comes back as it was sent.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import orjson

from runtime.exchange import Request, Response, response

_REF = re.compile(r"ST-[A-Z0-9]{20}")
_JSON = {"Content-Type": "application/json"}
_TOKEN = orjson.dumps({"access_token": "t", "token_type": "Bearer", "expires_in": 3600})
_STEPS = {"on_hold": ("On Hold", True), "balanced": ("Balanced", False), "open": ("Open", False)}


class ErpInProcess:
    """See `runtime.exchange.Transport`."""

    def __init__(self, endpoint: str, version: str) -> None:
        self._endpoints = orjson.dumps({"version": {}, "endpoints": [{"name": endpoint, "version": version, "href": "/"}]})
        self._rows: dict[str, dict[str, Any]] = {}
        self._by_number: dict[str, dict[str, Any]] = {}
        self.calls = 0

    async def send(self, request: Request, timeout_s: float) -> Response:  # the contract's argument
        """Answer at once."""
        self.calls += 1
        if "/entity/" not in request.url:
            return response(200, _TOKEN if request.method == "POST" else self._endpoints, _JSON)
        if request.method == "GET":
            return self._found(request)
        if request.method == "PUT":
            return self._put(request)
        return self._action(request)

    async def close(self) -> None:
        """Nothing is open."""

    def _found(self, request: Request) -> Response:
        ref = _REF.search(request.url)
        row = self._rows.get(ref[0]) if ref else None
        return response(200, orjson.dumps([row] if row is not None else []), _JSON)

    def _put(self, request: Request) -> Response:
        sent = orjson.loads(request.body)
        if "ReferenceNbr" in sent:
            row = self._by_number[sent["ReferenceNbr"]["value"]]
            _move(row, "balanced")
            return response(200, orjson.dumps(row), _JSON)
        ref = _REF.search(sent["Description"]["value"])
        number = f"AR{len(self._rows):08d}"
        row = {"id": str(uuid.UUID(int=len(self._rows))), **sent, "ReferenceNbr": {"value": number}}
        row["Details"] = [{**line, "Amount": line["ExtendedPrice"]} for line in sent.get("Details", ())]
        _move(row, "on_hold")
        self._rows[ref[0] if ref else number] = self._by_number[number] = row
        return response(200, orjson.dumps(row), _JSON)

    def _action(self, request: Request) -> Response:
        if not request.body:
            return response(204)
        sent = orjson.loads(request.body)
        _move(self._by_number[sent["entity"]["ReferenceNbr"]["value"]], "open")
        return response(204)


def _move(row: dict[str, Any], to: str) -> None:
    status, hold = _STEPS[to]
    row["Status"], row["Hold"] = {"value": status}, {"value": hold}
