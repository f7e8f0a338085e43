"""The e.net REST service: `/SYSPROWCFService/Rest/...`, only GET, with everything in the query.

Sources: recorded exchanges (paths without regard to case, octet-stream, errors inside HTTP 200). Assumed: the query is percent-encoded UTF-8 and a
plus sign means a blank; names of parameters are exact; with an unknown or repeated parameter the endpoint is not found; an address above the limit of
HTTP.SYS is answered 414 before anything else is checked.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from aiohttp import web

from systems.syspro.simulator.answers import Failed, page, text_answer
from systems.syspro.simulator.company import Company
from systems.syspro.simulator.door.operations import Operations

BASE = "/SYSPROWCFService/Rest"


class Rest:
    """The service."""

    def __init__(self, company: Company, operations: Operations) -> None:
        self._company, self._operations = company, operations

    def takes(self, path: str) -> bool:
        """Whether a path belongs to this service."""
        return path.lower().startswith(BASE.lower() + "/")

    def answer(self, request: web.Request) -> web.Response:
        """One call."""
        settings = self._company.settings
        if len(request.path_qs.encode()) > settings.url_bytes:
            return page(414, "URL Too Long", "HTTP Error 414. The request URL is too long.")
        name = request.path[len(BASE) + 1 :].lower().rstrip("/")
        takes = self._operations.takes.get(name)
        if not settings.enet or takes is None:
            return page(404, "Service", "Endpoint not found.")
        if request.method != "GET":
            return page(405, "Service", "Method not allowed.")
        pairs = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
        texts = dict(pairs)
        if len(texts) != len(pairs) or texts.keys() - set(takes):
            return page(404, "Service", "Endpoint not found.")
        try:
            found = self._operations.asked(name, dict.fromkeys(takes, "") | texts)
        except Failed as failed:
            found = f"ERROR: {failed}"
        return text_answer(found, settings.answer_form)
