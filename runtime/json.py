"""Strict JSON for money: no floats, no duplicate keys, no NaN, and nothing that another parser would read differently.

`parse` reads one document. `envelope` and `slices` cut a page into the exact bytes of its elements; `pieces` does so even if some elements
cannot be read. `canonical_bytes` writes the one spelling of a value from which hashes are made. Whatever is refused is `Malformed`. One
byte order mark before a document is skipped. The C scanner of the standard library does the work with small hooks, and hop 1 reads
thousands of records a second with it. Every step is linear in the length of the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import accumulate
from typing import Any, TypeVar

import orjson

from runtime.sizes import excess
from schemas.errors import Malformed

MAX_DIGITS = 40
"""Digits of one number, and the largest power of ten it may have."""
MAX_DEPTH = 100
MARK = b"\xef\xbb\xbf"
"""The byte order mark that some writers put before UTF-8."""

_Found = tuple[int, int, Any]
"""Start, end and value of an element."""
_Part = TypeVar("_Part")

_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""A string, or the rest of the text if it never ends. If a closing quote were required, an unterminated string would be tried again from
each of its escaped quotes."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_BLANKS = " \t\n\r"
_SPACE = re.compile(r"[ \t\n\r]*+")
_SIGNS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"[ \t\n\r]*+(?=[,:\]}])|[\[\]{},"]', re.DOTALL)
"""The tokens by which the ends of values are found: complete strings, brackets, commas. A single quote character begins or ends no string."""


@dataclass(frozen=True)
class Unreadable:
    """An element that cannot be read: why, and those of its members that are certain nevertheless."""

    reason: str
    members: Mapping[str, Any]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Malformed(f"JSON: the key {min(_doubled(pairs))[:60]!r} is there twice")
    return made


def _doubled(pairs: list[tuple[str, Any]]) -> set[str]:
    known: set[str] = set()
    return {name for name, _ in pairs if name in known or known.add(name)}  # type: ignore[func-returns-value]  # adds, and is None


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text) if len(text) <= MAX_DIGITS else None
    except InvalidOperation:  # an exponent that even a Decimal cannot have
        value = None
    if value is None or abs(value.adjusted()) > MAX_DIGITS:
        raise Malformed(f"JSON: the number {text[:20]}... is longer or larger than any amount")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Malformed(f"JSON: a number of {len(text)} digits")
    return int(text)


def _constant(text: str) -> Any:
    raise Malformed(f"JSON: {text} is not a number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_decimal, parse_int=_integer, parse_constant=_constant)


class Members(dict[str, Any]):
    """The members that are certain. `doubtful` names those that are there but are not certain."""

    doubtful: frozenset[str] = frozenset()


_NO_NUMBER = object()


def _certain(pairs: list[tuple[str, Any]]) -> Members:
    """The members that are there once and hold something that can be written again. A value that is not a number is None."""
    doubled = _doubled(pairs)
    certain = [one for one in pairs if one[0] not in doubled and _is_text(one[0]) and _is_text(one[1])]
    made = Members((name, None if value is _NO_NUMBER else value) for name, value in certain)
    made.doubtful = frozenset(name for name, value in pairs if name not in made or value is _NO_NUMBER)
    return made


def _is_text(value: Any) -> bool:
    return not isinstance(value, str) or not _has_lone_surrogate(value)


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return True
    return False


def _or_none(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def number(text: str) -> Any:
        try:
            return read(text)
        except Malformed:
            return _NO_NUMBER

    return number


_LENIENT = json.JSONDecoder(
    object_pairs_hook=_certain,
    parse_float=_or_none(_decimal),
    parse_int=_or_none(_integer),
    parse_constant=lambda _: _NO_NUMBER,
    strict=False,
)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever the scanner and its hooks raise about a document into `Malformed`."""
    try:
        yield
    except Malformed:
        raise
    except (ValueError, ArithmeticError, RecursionError, StopIteration) as error:
        raise Malformed(f"JSON: {str(error)[:200]}") from error


def parse(body: bytes) -> Any:
    """The value of one JSON document in UTF-8: integers as int, all other numbers as Decimal. Raises `Malformed`."""
    return _parse(body.removeprefix(MARK))


def _parse(body: bytes) -> Any:
    _refuse_depth(body)
    text = _text(body)
    with _refusing():
        value = _DECODER.decode(text)
    _refuse_lone_surrogates(body, value)
    return value


def members(body: bytes) -> Members:
    """The members of an object that are certain, even if `parse` refuses it; none if it is not JSON at all.

    Left out are members that are there twice and texts that are not valid. A number that is not valid is None.
    """
    try:
        found = _LENIENT.decode(body.removeprefix(MARK).decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return Members()
    return found if isinstance(found, Members) else Members()


def envelope(body: bytes, member: str) -> tuple[dict[str, Any], list[tuple[bytes, Any]]]:
    """The other members of an object, and the exact bytes and the value of each element of its array `member`.

    Raises `Malformed` if the document is not an object, or if `member` is absent, null or not an array: an empty page has to be explicit.
    """
    return _read(body.removeprefix(MARK), member)


def slices(body: bytes, member: str | None) -> list[tuple[bytes, Any]]:
    """Exact bytes and value of each element of the array `member`, or of the document itself if `member` is None."""
    return _read(body.removeprefix(MARK), member)[1]


def pieces(body: bytes, member: str | None) -> tuple[dict[str, Any], list[tuple[bytes, Any]]]:
    """Like `envelope` or `slices`, but the value of an element that cannot be read is an `Unreadable`, and the others are read.

    Raises `Malformed` if the rest of the page cannot be read, or if the end of an element is not certain.
    """
    body = body.removeprefix(MARK)
    try:
        return _read(body, member)
    except Malformed:
        others, cuts = _taken_apart(body, member, _cuts)
    return others, [(part, _piece(part)) for part in cuts]


def member(body: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    """The other members of an object, and the exact bytes of its member `name`, which are not read.

    Raises `Malformed` if it is absent, or if the others cannot be read.
    """
    others, [part] = _taken_apart(body.removeprefix(MARK), name, _span)
    return others, part


def _read(body: bytes, member: str | None) -> tuple[dict[str, Any], list[tuple[bytes, Any]]]:
    text = _text(body)
    with _refusing():
        others, found = _walk(text, member, _elements)
    return others, _cut(body, text, others, found)


def _taken_apart(body: bytes, member: str | None, read: Callable[[str, int], tuple[list[tuple[int, int]], int]]) -> Any:
    """The other members, and the exact bytes of what `read` finds. The ends are found by brackets and strings alone, because not all of
    the document can be read."""
    text = body.decode("utf-8", "surrogateescape")
    with _refusing():
        others, found = _walk(text, member, read)
    first, last = (found[0][0], found[-1][1]) if found else (0, 0)
    _refuse_depth((text[:first] + text[last:]).encode("utf-8", "surrogateescape"))
    if _has_lone_surrogate(others):
        raise Malformed("JSON: the page has half of a surrogate pair, or is not UTF-8")
    return others, [text[start:end].encode("utf-8", "surrogateescape") for start, end in found]


def _piece(part: bytes) -> Any:
    try:
        return _parse(part)
    except Malformed as error:
        return Unreadable(str(error), members(part))


def canonical_bytes(value: Any) -> bytes:
    """The one spelling of a value, for hashing: keys sorted, decimals as shortest decimal strings, instants in UTC with Z.

    A decimal is spelled as a string, so 1.50 and 1.5 are equal, and the integer 1 differs from the decimal 1. Do not pass floats; they
    would be spelled as they are.
    """
    try:
        return orjson.dumps(value, default=_spelled, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError as error:
        raise Malformed(f"no canonical spelling: {error}") from error


def _spelled(value: Any) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical spelling")


@lru_cache(maxsize=16384)
def decimal_text(value: Decimal) -> str:
    """The shortest plain spelling: 1.50 -> 1.5, 1E+3 -> 1000, -0.00 -> 0."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _text(body: bytes) -> str:
    if words := excess(body):
        raise Malformed(f"JSON: {words}")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"JSON: not UTF-8 at byte {error.start}") from error


def _refuse_depth(body: bytes) -> None:
    # A document is never deeper than its number of opening brackets; most records pass here.
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    brackets = _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise Malformed(f"JSON: deeper than {MAX_DEPTH}")


def _refuse_lone_surrogates(body: bytes, value: Any) -> None:
    if (b"\\ud" in body or b"\\uD" in body) and _has_lone_surrogate(value):
        raise Malformed("JSON: half of a surrogate pair")


def _skip(text: str, index: int) -> int:
    found = _SPACE.match(text, index)
    return found.end() if found else index


def _walk(text: str, member: str | None, read: Callable[[str, int], tuple[list[_Part], int]]) -> tuple[dict[str, Any], list[_Part]]:
    """The members of the object in `text`, with `member` as `read` returns it apart from the others. If `member` is None, `read` gets the
    whole text."""
    others: dict[str, Any] = {}
    found: list[_Part] | None = None
    index = _skip(text, 0)
    if member is None:
        found, index = read(text, index)
    else:
        index = _skip(text, _expect(text, index, "{"))
        while text[index : index + 1] != "}":
            if others or found is not None:
                index = _skip(text, _expect(text, index, ","))
            name, index = _DECODER.raw_decode(text, index)
            if not isinstance(name, str) or name in others or (name == member and found is not None):
                raise Malformed(f"JSON: the key {str(name)[:60]!r} is not text, or is there twice")
            start = _skip(text, _expect(text, _skip(text, index), ":"))
            if name == member:
                found, index = read(text, start)
            else:
                others[name], index = _DECODER.raw_decode(text, start)
            index = _skip(text, index)
        index += 1
    if _skip(text, index) != len(text):
        raise Malformed(f"JSON: there is something after the end, at character {index}")
    if found is None:
        raise Malformed(f"JSON: there is no member {member!r}")
    return others, found


def _elements(text: str, start: int) -> tuple[list[_Found], int]:
    """The elements of the array at `start`, and the place where it ends."""
    found: list[_Found] = []
    index = _skip(text, _expect(text, start, "["))
    while text[index : index + 1] != "]":
        if found:
            index = _skip(text, _expect(text, index, ","))
        value, end = _DECODER.raw_decode(text, index)
        found.append((index, end, value))
        index = _skip(text, end)
    return found, index + 1


def _cuts(text: str, start: int) -> tuple[list[tuple[int, int]], int]:
    """The places of the elements of the array at `start`, found by their ends alone, and the place where the array ends."""
    first, depth, found = _expect(text, start, "["), 0, []
    for sign in _signs(text, first):
        depth += _STEPS.get(sign[0], 0)
        if depth < 0 or (depth == 0 and sign[0] == ","):
            found.append((_skip(text, first), sign.start()))
            first = sign.end()
        if depth < 0:
            break
    cut = [(begin, begin + len(text[begin:end].rstrip(_BLANKS))) for begin, end in found]
    if len(cut) == 1 and cut[0][0] >= cut[0][1]:
        return [], first
    if depth >= 0 or any(begin >= end for begin, end in cut):
        raise Malformed("JSON: the array has no end, or an element of it is not there")
    return cut, first


def _span(text: str, start: int) -> tuple[list[tuple[int, int]], int]:
    """The place of the value at `start`, found by its ends alone, and the place where it ends."""
    depth = 0
    for sign in _signs(text, start):
        depth += _STEPS.get(sign[0], 0)
        if depth < 0 or (depth == 0 and sign[0] == ","):
            return [(start, start + len(text[start : sign.start()].rstrip(_BLANKS)))], sign.start()
        if depth == 0 and sign[0] in _CLOSING:
            return [(start, sign.end())], sign.end()
    raise Malformed("JSON: a value has no end")


_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_CLOSING = ("]", "}")


def _signs(text: str, start: int) -> Iterator[re.Match[str]]:
    for sign in _SIGNS.finditer(text, start):
        if sign[0] == '"':
            raise Malformed(f"JSON: a quote that begins or ends no text, at character {sign.start()}")
        yield sign


def _expect(text: str, index: int, wanted: str) -> int:
    if text[index : index + 1] != wanted:
        raise Malformed(f"JSON: {wanted} expected at character {index}, there is {text[index : index + 10]!r}")
    return index + 1


def _cut(body: bytes, text: str, others: Mapping[str, Any], found: list[_Found]) -> list[tuple[bytes, Any]]:
    if len(body) == len(text):
        cut = [(body[start:end], value) for start, end, value in found]
    else:
        cut = [(text[start:end].encode(), value) for start, end, value in found]
    # element by element, because few elements have enough brackets for a closer check; the scanner itself stops at a depth of a thousand
    first, last = (found[0][0], found[-1][1]) if found else (0, 0)
    rest = (text[:first] + text[last:]).encode()
    for part, value in ((rest, others), *cut):
        _refuse_depth(part)
        _refuse_lone_surrogates(part, value)
    return cut
