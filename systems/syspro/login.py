"""How one role signs in to SYSPRO's e.net service: a session id in the address of every call, for one operator and company at a time.

Facts (recorded exchanges; a live service): Logon answers 36 characters, 34 hexadecimal digits and two blanks, which are sent back with the blanks. A
second logon of the same operator ends the first session. Every logon takes a seat of the licence until Logoff or time-out. A refused logon is a text
that begins with `ERROR`, with HTTP 200. Credentials are part of the address, so no error here shows an address.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from runtime import redaction
from runtime.errors import Malformed, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from systems.http.answers import asked_pause_s, is_throttled
from systems.http.logins import Login, Send, refused_sign_in
from systems.syspro import errors, soap
from systems.syspro.models import SYSTEM, text_of
from systems.syspro.settings import Credentials, Settings
from systems.syspro.wire import address

_SESSION = re.compile(r"[0-9A-Fa-f]{30,36} {0,6}")
_CHARACTERS = 36


@dataclass
class Session(Login):
    """The session of one role; `session_id` is "" while it has none."""

    settings: Settings
    credentials: Credentials
    session_id: str = ""
    calls: int = 1

    async def sign_in(self, send: Send) -> timedelta:
        """Log on. The previous session is logged off first, so that its seat is free."""
        with suppress(NotSent, Unanswered):  # SYSPRO ends the idle session by itself
            await self.leave(send)
        own = self.credentials
        query = {
            "Operator": own.operator.get_secret_value(),
            "OperatorPassword": own.operator_password.get_secret_value(),
            "CompanyId": self.settings.company_id,
            "CompanyPassword": own.company_password.get_secret_value(),
        }
        answer = await send(Request("GET", address(self.settings.rest, "Logon", query)))
        self.session_id = _session_id(answer)
        redaction.know_for_a_while(self.session_id.strip())
        return self._life

    @property
    def _life(self) -> timedelta:
        return timedelta(seconds=self.settings.session_s)

    def signed(self, request: Request) -> Request:
        """The request with the session in its address, trailing blanks included."""
        if not self.session_id:
            raise NotSent(f"{SYSTEM}: not logged on")
        if soap.is_soap(request):
            return soap.with_session(request, self.session_id)
        path, _, query = request.url.partition("?")
        own = address(path.rpartition("/")[0], path.rpartition("/")[2], {"UserId": self.session_id})
        return Request(request.method, f"{own}&{query}" if query else own, request.headers, request.body)

    def is_refused(self, answer: Response) -> bool:
        """Whether the session no longer exists, by time-out or because the same operator logged on elsewhere."""
        return errors.is_dropped(soap.plain(answer))

    def seen(self, answer: Response) -> timedelta | None:
        """A session that was just used is good for its full time again."""
        return self._life if self.session_id and answer.status == 200 else None

    async def leave(self, send: Send) -> None:
        """Log off. The answer does not matter: a session that no longer exists holds no seat."""
        ended, self.session_id = self.session_id, ""
        if ended:
            await send(Request("GET", address(self.settings.rest, "Logoff", {"UserId": ended})))


def _session_id(answer: Response) -> str:
    if answer.status != 200:
        if is_throttled(answer):
            raise errors.refused_sign_in("", answer.status, asked_pause_s(answer))
        raise refused_sign_in(answer, f"{SYSTEM} logon", "Check rest_url, and that the e.net REST service runs.")
    try:
        text = text_of(answer.body).strip("\r\n")
    except Malformed as error:
        raise Transient(f"{SYSTEM} logon: {error}") from error
    if not _SESSION.fullmatch(text) or len(text) > _CHARACTERS:
        raise errors.refused_sign_in(text, answer.status)
    return text
