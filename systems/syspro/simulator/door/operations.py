"""The operations of e.net, which REST and SOAP both call: a name and its texts in, a text out; a failure raises `Failed`.

Source: the table of calls of the fact sheet. Every call except the version and a logon needs a session. Assumed: the words for an unlicensed and for
an unknown object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from runtime.simulator.switches import names
from systems.syspro.simulator.answers import Failed, Tag, document
from systems.syspro.simulator.company import Company
from systems.syspro.simulator.door.signin import SignIn
from systems.syspro.simulator.objects import POSTED, SET_UP
from systems.syspro.simulator.periods import accounting_date
from systems.syspro.simulator.posting import Object, Work, post
from systems.syspro.simulator.query import QUERIES
from systems.syspro.simulator.reading import parameters, read
from systems.syspro.spec import shapes

Texts = Mapping[str, str]
_CALLED = ("BusinessObject", "XmlIn")
_WRITTEN = ("BusinessObject", "XmlParameters", "XmlIn")
_LOGON = ("Operator", "OperatorPassword", "CompanyId", "CompanyPassword")


class Operations:
    """The operations. `takes` says which texts each one has besides UserId; `asked` carries one out."""

    def __init__(self, company: Company, signin: SignIn) -> None:
        self._company, self._signin = company, signin
        self.takes: dict[str, tuple[str, ...]] = {
            "getversion": (),
            "logon": _LOGON,
            "logoff": ("UserId",),
            "getlogonprofile": ("UserId",),
        }
        self._carried: dict[str, Callable[[Texts], str]] = {
            "getversion": lambda _: company.settings.version,
            "logon": lambda texts: signin.logon(*(texts[name] for name in _LOGON)),
            "logoff": self._logoff,
            "getlogonprofile": lambda texts: self._profile(texts["UserId"]),
        }
        self._add("query/query", _CALLED, self._query)
        self._add("query/browse", ("XmlIn",), lambda texts: self._query({**texts, "BusinessObject": "COMBRW"}))
        self._add("query/fetch", ("XmlIn",), lambda texts: self._query({**texts, "BusinessObject": "COMFCH"}))
        self._add("transaction/post", _WRITTEN, partial(self._write, POSTED, "post"))
        for action in ("add", "update"):
            self._add(f"setup/{action}", _WRITTEN, partial(self._write, SET_UP, action))

    def _add(self, name: str, takes: tuple[str, ...], carry: Callable[[Texts], str]) -> None:
        def in_session(texts: Texts) -> str:
            self._session(name, texts)
            return carry(texts)

        self.takes[name] = ("UserId", *takes)
        self._carried[name] = in_session

    def asked(self, name: str, texts: Texts) -> str:
        """Carry out an operation; raises `Failed`."""
        self._company.calls[" ".join(filter(None, (name, texts.get("BusinessObject", ""))))] += 1
        fault = self._company.faults.take("error_text", path=self._place(name, texts))
        if fault is not None:
            raise Failed(fault.text or "Unable to complete the request")
        found = self._carried[name](texts)
        fault = self._company.faults.take("error_after", path=self._place(name, texts))
        if fault is not None:
            raise Failed(fault.text or "Unable to complete the request")
        return found

    @staticmethod
    def _place(name: str, texts: Texts) -> str:
        return f"{name}/{texts.get('BusinessObject', '')}"

    def _session(self, name: str, texts: Texts) -> None:
        if self._company.faults.take("drop_session", path=self._place(name, texts)) is not None:
            for session in [one for one in self._signin.sessions if one.id == texts["UserId"]]:
                self._signin.sessions.leave(session)
        self._signin.session(texts["UserId"])

    def _logoff(self, texts: Texts) -> str:
        self._signin.logoff(texts["UserId"])
        return "0"

    def _query(self, texts: Texts) -> str:
        name = self._licensed(texts["BusinessObject"])
        if name not in QUERIES:
            raise Failed(f"Business object '{name}' is not a query object")
        return QUERIES[name](self._company, read(texts["XmlIn"], name, "document", is_strict=self._is_strict))

    def _write(self, objects: Mapping[str, Object], action: str, texts: Texts) -> str:
        name = self._licensed(texts["BusinessObject"])
        if name not in objects:
            raise Failed(f"Business object '{name}' cannot be used for {action}")
        told = parameters(texts["XmlParameters"], name, is_strict=self._is_strict)
        sent = read(texts["XmlIn"], name, "document", is_strict=self._is_strict)
        if not sent.some(objects[name].item):
            raise Failed(f"XmlIn of {name} has no {objects[name].item}")
        return post(Work(self._company, told, action), objects[name], sent, shapes()[name, "document"].name)

    @property
    def _is_strict(self) -> bool:
        return self._company.settings.elements == "strict"

    def _licensed(self, name: str) -> str:
        if not any(known == name for known, _ in shapes()):
            raise Failed(f"Business object '{name}' not found")
        if name in names(self._company.settings.unlicensed):
            raise Failed(f"You are not licensed to use business object '{name}'")
        return name

    def _profile(self, user_id: str) -> str:
        session = self._signin.session(user_id)
        company, operator = self._company, session.owner.partition("/")[0]
        told: list[Tag] = [
            ("CompanyName", "Hill Country Air and Plumbing"),
            ("OperatorCode", operator),
            ("OperatorGroup", "ADMIN"),
            ("OperatorEmailAddress", ""),
            ("OperatorLocation", ""),
            ("AccountingDate", accounting_date(company).isoformat()),
            ("CompanyDate", company.today().isoformat()),
            ("DefaultArBranch", "10"),
            ("DefaultApBranch", "10"),
            ("DefaultBank", "1"),
            ("DefaultWarehouse", "MA"),
            ("LocalCurrencyCode", "USD"),
            ("DecimalFormat", "1"),
            ("DateFormat", "01"),
            ("DatabaseType", "SQL"),
            ("SysproVersion", "7.0.0"),
            ("EnetVersion", company.settings.version),
        ]
        return document("LogonProfile", "7.0.004", told)
