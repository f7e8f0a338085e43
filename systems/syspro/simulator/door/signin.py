"""Who may log on, and the sessions: one for each operator and company, and at most as many as there are seats.

Sources: a recorded session id (34 hex digits and two blanks) and a recorded refusal of a password; one session per operator and company, ended by the
next logon; a seat is occupied until log-off or the idle time. Recorded for a log-off with a wrong id: the text about BaseDir8. Assumed: that every
other call answers a wrong or ended session with the same text, the words for an occupied seat, and that REST and SOAP share their sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from runtime.simulator.sessions import Allowed, NoSessionLeft, Session, Sessions
from runtime.simulator.tokens import name_and_password, same, secret
from systems.syspro.simulator.answers import Failed
from systems.syspro.simulator.company import Company

NO_SESSION = "Unable to read the SYSPRO base directory registry string BaseDir8"
NO_SEAT = "Maximum number of e.net users already logged in"
ROLES = ("sink", "poller", "check")


@dataclass(frozen=True)
class Operator:
    """An operator and its password."""

    operator: str
    operator_password: str


class SignIn:
    """The operators and their sessions."""

    def __init__(self, company: Company) -> None:
        self._company = company
        settings = company.settings
        self.company_password = secret("syspro", "company", company.seed)[:12]
        self.operators = {role: Operator(f"ML{role.upper()}", secret("syspro", role, company.seed)[:16]) for role in ROLES}
        self.sessions = Sessions(company.clock, lambda: Allowed(settings.seats, timedelta(minutes=settings.idle_minutes)))

    def logon(self, operator: str, password: str, company_id: str, company_password: str) -> str:
        """Open a session, which ends the operator's earlier one; raises `Failed` in the words of the service."""
        known = next((one for one in self.operators.values() if one.operator == operator), None)
        if known is None:
            raise Failed("Invalid operator code")
        if not same((password,), (known.operator_password,)):
            raise Failed("Invalid operator password")
        if company_id != self._company.settings.company:
            raise Failed(f"Company '{company_id}' not found")
        if not same((company_password,), (self.company_password,)):
            raise Failed("Invalid company password")
        owner = f"{operator}/{company_id}"
        self.sessions.leave_all(owner)
        drawn = secret("syspro", "session", self._company.seed, self._company.number("session"))
        try:
            return self.sessions.enter(f"{drawn[:32].upper()}00  ", owner=owner).id
        except NoSessionLeft as error:
            raise Failed(NO_SEAT) from error

    def session(self, user_id: str) -> Session:
        """The open session with exactly this id, blanks included; raises `Failed`."""
        found = self.sessions.find(user_id)
        if found is None:
            raise Failed(NO_SESSION)
        return found

    def logoff(self, user_id: str) -> None:
        """Close a session; raises `Failed`."""
        self.sessions.leave(self.session(user_id))

    def may_read(self, credential: str) -> bool:
        """Whether this credential of HTTP Basic belongs to an operator."""
        name, password = name_and_password(credential)
        return any(same((name, password), (one.operator, one.operator_password)) for one in self.operators.values())
