"""Turns a written file into settings. Everything that does not fit is reported at once, each with file, line, place and what is allowed.

A value is never shown if a secret may be there, nor is the value of an unknown setting.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from console.connections.written import Place, Written, dotted
from runtime.errors import Broken
from runtime.secrets import is_blank
from systems import registry
from systems.connection import ConnectionSettings, FlowSettings, Side
from systems.contract import Role, System

SIDES = ("field_service", "erp")
_KEY = "[key]"
"""What pydantic puts in place of the key, for an error about a name in a section and not about its value."""
_SECRET = frozenset(("credentials", "role_credentials", "webhook_keys", "push_keys", "network"))
_SHOWN = 60
_NUMBER, _DAY = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?"), re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLAIN: dict[Any, tuple[re.Pattern[str], str]] = {
    int: (_NUMBER, "a plain number. Example: 80000"),
    float: (_NUMBER, "a plain number. Example: 80000"),
    Decimal: (_NUMBER, "a plain number. Example: 80000.00"),
    date: (_DAY, "a day. Example: 2026-01-01"),
}
"""Forms of numbers and days that everybody reads alike; pydantic also accepts 1_000 and seconds since 1970."""
_FORMS = {
    **dict.fromkeys(
        ("list_type", "tuple_type", "set_type", "frozen_set_type"),
        "not a list: write [one, two], or each on a line of its own after a dash",
    ),
    **dict.fromkeys(("dict_type", "model_type"), "not a section: its settings stand below it, indented"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "neither true nor false"),
}
_LIMITS = {
    "ge": "is too small: it is at least",
    "gt": "is too small: it is more than",
    "le": "is too large: it is at most",
    "lt": "is too large: it is less than",
}


@dataclass(frozen=True)
class Misfit:
    """Something that is refused: its place, and in words what to do. Neither shows a secret."""

    place: Place
    words: str

    def line(self, written: Written) -> str:
        """In one line, with file and line."""
        return f"{written.where(self.place)}: {dotted(self.place)}: {self.words}"


class Unfit(Broken):
    """The settings of a file are refused. `lines` has one line for each place (the first of several misfits there), and those of its tables
    (`tables`), which name their own files."""

    def __init__(self, written: Written, misfits: Iterable[Misfit], tables: Iterable[str] = ()) -> None:
        self.misfits = tuple(misfits)
        first = {one.place: one for one in reversed(self.misfits)}
        ordered = sorted(first.values(), key=lambda one: _order(written, one))
        self.lines = (*(one.line(written) for one in ordered), *tables)
        what = "setting(s) are wrong" if ordered else "place(s) of its tables are wrong"
        super().__init__("\n".join([f"{written.path}: {len(self.lines)} {what}:", *self.lines]))


def _order(written: Written, one: Misfit) -> tuple[int, str]:
    where = written.where(one.place).rpartition(":")[2]
    return int(where) if where.isdigit() else 0, dotted(one.place)


def fitted(written: Written) -> ConnectionSettings:
    """The settings in a file. Raises `Unfit` with everything that is wrong."""
    if not isinstance(written.values, dict):
        raise Unfit(written, [Misfit((), "the file has no settings; `ml-connector init` writes one with all of them")])
    values = dict(written.values)
    misfits = [
        Misfit(at, "still says FILL IN: give it a value, or remove the line") for at, text in _texts(values) if is_blank(text)
    ]
    for key in SIDES:
        misfits += _side(values, key)
    misfits += [*_flows(values), *_unplain(ConnectionSettings, values)]
    try:
        settings = ConnectionSettings.model_validate(values)
    except ValidationError as error:
        found = _misfits(ConnectionSettings, error, {str(one.place[0]) for one in misfits if one.place})
        known = {one.place for one in misfits}  # a system's settings are also validated with its section, one level up
        misfits += [one for one in found if (*one.place[:1], "settings", *one.place[1:]) not in known]
        raise Unfit(written, misfits) from None
    if misfits:
        raise Unfit(written, misfits)
    return settings


def _texts(value: Any, at: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text of a file with its place."""
    if isinstance(value, str):
        yield at, value
        return
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in parts:
        yield from _texts(item, (*at, key))


def _unplain(model: type[BaseModel], values: Any, before: Place = ()) -> Iterator[Misfit]:
    """Numbers and days that are written in a way that can be read differently."""
    for at, text in _texts(values):
        field = _field(model, at)
        form, words = _PLAIN.get(_bare(field.annotation), (None, "")) if field is not None else (None, "")
        if form is not None and not form.fullmatch(text):
            yield Misfit((*before, *at), f"{_clipped(text)} is not {words} ({field.description if field else ''})")


def _side(values: dict[str, Any], key: str) -> Iterator[Misfit]:
    """What does not fit in a system's own settings and credentials. Settings that fit are replaced by those of its model."""
    side = values.get(key)
    if not isinstance(side, dict) or not isinstance(side.get("system"), str):
        return
    name, own, known = side["system"], side.get("settings"), _systems(key)
    if name not in known:
        yield Misfit((key, "system"), f"{_clipped(name)} is not a system of this side; {_nearest(name, known)}")
        return
    declared = registry.system(name)
    if isinstance(own, dict):
        yield from _unplain(declared.settings, own, (key, "settings"))
        try:
            made = declared.settings.model_validate(own)
            values[key] = {**side, "settings": made.model_dump(mode="json", exclude_unset=True)}
        except ValidationError as error:
            yield from _misfits(declared.settings, error, (), (key, "settings"))
    yield from _credentials(key, side, declared)


def _systems(key: str) -> list[str]:
    return [registry.FIELD_SERVICE] if key == "field_service" else [one.name for one in registry.erps()]


def _credentials(key: str, side: Mapping[str, Any], declared: System) -> Iterator[Misfit]:
    """Names that the system does not know, and those that it needs for the way to sign in that the side chose."""
    given, own = side.get("credentials") or {}, side.get("settings") or {}
    if not isinstance(given, dict) or not isinstance(own, dict):
        return
    fields, settings, by_role = declared.credentials.model_fields, declared.settings.model_fields, _by_role(side)
    chosen = own.get("sign_in", settings["sign_in"].default if "sign_in" in settings else None)
    for name, field in settings.items():
        if _is_for(field, chosen) and not own.get(name, field.default):
            yield Misfit((key, "settings", name), f"is missing for sign_in {chosen}: {field.description}")
    sections: list[tuple[Place, Mapping[str, Any]]] = [(("credentials",), given)]
    sections += [(("role_credentials", role), of_role) for role, of_role in by_role.items()]
    for place, names in sections:
        for name in names:
            if name not in fields:
                yield Misfit((key, *place, name), _unknown(name, fields))
    for name, field in fields.items():
        if name in given or all(name in by_role.get(role, ()) for role in Role):
            continue
        if field.is_required():
            yield Misfit((key, "credentials", name), f"is missing: {field.description}")
        elif _is_for(field, chosen):
            yield Misfit((key, "credentials", name), f"is missing for sign_in {chosen}: {field.description}")


def _is_for(field: FieldInfo, sign_in: object) -> bool:
    """Whether this way to sign in needs a field."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and "sign_in" in extra and extra["sign_in"] == sign_in


def _by_role(side: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The roles' own credentials, if that is a section of sections."""
    given = side.get("role_credentials")
    return {str(role): own for role, own in given.items() if isinstance(own, dict)} if isinstance(given, dict) else {}


def _flows(values: Mapping[str, Any]) -> Iterator[Misfit]:
    """Flows that the ERP does not have, and those that need a cut-over date and have none."""
    flows, erp = values.get("flows"), values.get("erp")
    if not isinstance(flows, dict) or not isinstance(erp, dict) or erp.get("system") not in registry.NAMES:
        return
    known = {flow.id: flow for flow in registry.system(erp["system"]).flows}
    for name, own in flows.items():
        if name not in known:
            yield Misfit(("flows", name), f"{_clipped(name)} is not a flow of {erp['system']}; {_nearest(name, known)}")
            continue
        try:
            flow = FlowSettings.model_validate(own).of(known[name])
        except ValidationError:
            continue
        if flow.enabled and known[name].moves_money and flow.cutover_date is None:
            yield Misfit(
                ("flows", name, "cutover_date"),
                "cutover_date is required: the first posting date that is commanded. Example: 2026-01-01",
            )


def _misfits(model: type[BaseModel], error: ValidationError, reported: Iterable[str], before: Place = ()) -> Iterator[Misfit]:
    """What pydantic reports, in our words. Rules for a whole section are left out if its parts were `reported` already."""
    for one in error.errors(include_url=False):
        at: Place = one["loc"]
        raised = (one.get("ctx") or {}).get("error")
        if isinstance(raised, ValidationError) or (raised is not None and not at and _subject(raised) in reported):
            continue
        if (
            not before
            and len(at) > 1
            and at[0] in SIDES
            and at[0] in reported
            and one["type"] != "extra_forbidden"
            and _is_own(at[1])
        ):
            continue  # reported with the system's own settings, at their place
        words = _words(model, one, (*before, *at), at)
        yield Misfit((*before, *(at[:-1] if at[-1:] == (_KEY,) else at)), words)


def _is_own(name: str | int) -> bool:
    """Whether a name within a side is one of its system's settings, where pydantic places them."""
    return name not in Side.model_fields


def _subject(raised: Any) -> str:
    """The section that a rule for the whole file is about, with which its words begin."""
    return str(raised).partition(".")[0].partition(":")[0]


def _words(model: type[BaseModel], one: ErrorDetails, place: Place, at: Place) -> str:
    kind, value = one["type"], one.get("input")
    field = _field(model, at)
    about = f" ({field.description})" if field is not None and field.description else ""
    if kind == "extra_forbidden":
        inner = _inner(model, at[:-1])
        return _unknown(str(at[-1]), inner.model_fields if inner is not None else ())
    if kind == "missing":
        return f"is missing{about}"
    if value is None:
        return f"is empty; a text that reads `null` or `~` needs quotes{about}"
    if at[-1:] == (_KEY,):
        return f"{_clipped(str(place[-2]))} is not a name here; {_nearest(str(place[-2]), _names_allowed(one))}"
    if _SECRET & set(map(str, place)):
        if kind == "dict_type":
            return f"is a section of its own, with a reference for each name, such as {{username: env:NAME}}{about}"
        if (kind == "string_pattern_mismatch" and place[0] not in SIDES) or {"credentials", "role_credentials"} & set(place):
            return f"a secret is given as env:NAME or file:NAME; what is written here is refused and not shown{about}"
        words = "it is not written as this setting is written" if kind == "string_pattern_mismatch" else _pydantic_words(one)
        return f"{words}{about}"
    shown = _clipped(value) if isinstance(value, str) else "a section" if isinstance(value, dict) else "a list"
    if kind == "literal_error":
        allowed = str((one.get("ctx") or {}).get("expected", ""))
        near = difflib.get_close_matches(str(value), re.findall(r"'([^']*)'", allowed), 1, 0.5)
        return f"{shown} is not allowed; allowed: {allowed}{f'; nearest: {near[0]!r}' if near else ''}"
    if kind == "string_pattern_mismatch":
        return f"{shown} is not written as this setting is written{about}"
    if kind in _FORMS:
        return f"{shown} is {_FORMS[kind]}{about}"
    if kind.startswith("date_"):
        return f"{shown} is a day that no calendar has{about}"
    return f"{shown} {_limit(one) or f'does not fit: {_pydantic_words(one)}'}{about}"


def _names_allowed(one: ErrorDetails) -> list[str]:
    """The names that a section accepts, for an error about such a name."""
    return re.findall(r"'([^']*)'", str((one.get("ctx") or {}).get("expected", "")))


def _limit(one: ErrorDetails) -> str:
    """In words, the limit that a number exceeds; "" for any other error."""
    told = one.get("ctx") or {}
    return next((f"{words} {told[name]}" for name, words in _LIMITS.items() if name in told), "")


def _pydantic_words(one: ErrorDetails) -> str:
    return " ".join(one["msg"].removeprefix("Value error, ").split())[:400]


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"{_clipped(name)} is not a setting here; {_nearest(name, known)}"


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name[:_SHOWN], names, 1, 0.5)
    return f"{f'nearest: {near[0]!r}; ' if near else ''}allowed: {', '.join(names) or 'none'}"


def _clipped(text: str) -> str:
    """A value as a message may show it: short, printable, and without the parts of an address that may hold a secret."""
    if "://" in text and any(sign in text for sign in "@?#"):
        return "an address with a user or a query in it"
    return ascii(text[:_SHOWN]) if not text.isprintable() else repr(text[:_SHOWN])


def _field(model: type[BaseModel], at: Place) -> FieldInfo | None:
    inner = _inner(model, at[:-1]) if at else None
    return inner.model_fields.get(str(at[-1])) if inner is not None else None


def _inner(model: type[BaseModel], at: Place) -> type[BaseModel] | None:
    """The model of the section at a place; None if there is none."""
    found: Any = model
    for part in at:
        if isinstance(found, type) and issubclass(found, BaseModel):
            field = found.model_fields.get(str(part))
            found = _bare(field.annotation) if field is not None else None
        else:
            inner = get_args(found)
            found = _bare(inner[-1 if get_origin(found) is dict else 0]) if inner else None
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _bare(annotation: Any) -> Any:
    """An annotation without its None."""
    inner = [one for one in get_args(annotation) if one is not NoneType]
    return inner[0] if NoneType in get_args(annotation) and inner else annotation
