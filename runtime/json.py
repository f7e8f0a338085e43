"""Strict JSON for money: what is read here has no floats, no doubled keys, no NaN, and nothing that another reader would see otherwise.

`parse` reads one document, `envelope` and `slices` cut a page into its elements' exact bytes, `canonical_bytes` writes the one
spelling of a value that hashes are made of. Everything that is refused is `Malformed`. The work is done by the C scanner of
the standard library with small hooks; hop 1 reads thousands of records a second through it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from typing import Any, TypeVar

import orjson

from runtime.sizes import excess
from schemas.errors import Malformed

MAX_DIGITS = 40
"""Digits of one number, and the largest power of ten it may have."""
MAX_DEPTH = 100

_Found = tuple[int, int, Any]
"""Start, end and value of an element."""
_Part = TypeVar("_Part")

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_SPACE = re.compile(r"[ \t\n\r]*")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"JSON: the key {doubled[:60]!r} is there twice")
    return made


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if len(text) > MAX_DIGITS or abs(value.adjusted()) > MAX_DIGITS:
        raise Malformed(f"JSON: the number {text[:20]}... is longer or larger than any amount")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Malformed(f"JSON: a number of {len(text)} digits")
    return int(text)


def _constant(text: str) -> Any:
    raise Malformed(f"JSON: {text} is not a number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_decimal, parse_int=_integer, parse_constant=_constant)


def parse(body: bytes) -> Any:
    """The value of one JSON document in UTF-8: whole numbers as int, all others as Decimal. Raises `Malformed`."""
    _refuse_depth(body)
    text = _text(body)
    try:
        value = _DECODER.decode(text)
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed(f"JSON: {error}") from error
    _refuse_lone_surrogates(body, value)
    return value


def envelope(body: bytes, member: str) -> tuple[dict[str, Any], list[tuple[bytes, Any]]]:
    """The other members of an object, and each element of its array `member`: exact bytes and value.

    Raises `Malformed` where the document is no object, or `member` is absent, null or no array: an empty page is explicit.
    """
    text = _text(body)
    try:
        others, found = _walk(text, member, _elements)
    except Malformed:
        raise
    except (ValueError, RecursionError, StopIteration) as error:
        raise Malformed(f"JSON: {error}") from error
    if found is None:
        raise Malformed(f"JSON: the page has no member {member!r}")
    return others, _cut(body, text, found)


def member(body: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    """The other members of an object, and the exact bytes of its member `name`, whatever it is. Raises `Malformed` where it is absent."""
    text = _text(body)
    try:
        others, found = _walk(text, name, _span)
    except Malformed:
        raise
    except (ValueError, RecursionError, StopIteration) as error:
        raise Malformed(f"JSON: {error}") from error
    if found is None:
        raise Malformed(f"JSON: the object has no member {name!r}")
    start, end = found
    part = text[start:end].encode()
    for one in ((text[:start] + text[end:]).encode(), part):
        _refuse_depth(one)
    return others, part


def slices(body: bytes, member: str | None) -> list[tuple[bytes, Any]]:
    """Exact bytes and value of each element of the array `member`, or of the document itself where `member` is None."""
    if member is not None:
        return envelope(body, member)[1]
    text = _text(body)
    try:
        found, end = _elements(text, _skip(text, 0))
    except Malformed:
        raise
    except (ValueError, RecursionError, StopIteration) as error:
        raise Malformed(f"JSON: {error}") from error
    if _skip(text, end) != len(text):
        raise Malformed(f"JSON: there is something after the array, at character {end}")
    return _cut(body, text, found)


def canonical_bytes(value: Any) -> bytes:
    """The one spelling of a value, for hashing: keys sorted, decimals as shortest decimal strings, instants in UTC with Z.

    A decimal is spelled as a string, so 1.50 and 1.5 are equal and the whole number 1 is not the text "1" of a decimal.
    Floats must not come here; they are spelled as they are.
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
    """Shortest plain spelling: 1.50 -> 1.5, 1E+3 -> 1000, -0.00 -> 0."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _text(body: bytes) -> str:
    if words := excess(body):
        raise Malformed(f"JSON: {words}")
    if body.startswith(b"\xef\xbb\xbf"):
        raise Malformed("JSON: starts with a byte order mark")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"JSON: not UTF-8 at byte {error.start}") from error


def _refuse_depth(body: bytes) -> None:
    # No document is deeper than it has opening brackets: most records are done here.
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    brackets = _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise Malformed(f"JSON: deeper than {MAX_DEPTH}")


def _refuse_lone_surrogates(body: bytes, value: Any) -> None:
    if b"\\ud" not in body and b"\\uD" not in body:
        return
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise Malformed("JSON: half of a surrogate pair") from error


def _skip(text: str, index: int) -> int:
    found = _SPACE.match(text, index)
    return found.end() if found else index


def _span(text: str, start: int) -> tuple[tuple[int, int], int]:
    """Where the value at `start` lies."""
    end = _DECODER.raw_decode(text, start)[1]
    return (start, end), end


def _walk(text: str, member: str, read: Callable[[str, int], tuple[_Part, int]]) -> tuple[dict[str, Any], _Part | None]:
    """The members of the object that `text` is, `member` apart, as `read` takes it."""
    found: _Part | None = None
    others: dict[str, Any] = {}
    index = _skip(text, _expect(text, _skip(text, 0), "{"))
    while text[index : index + 1] != "}":
        if others or found is not None:
            index = _skip(text, _expect(text, index, ","))
        name, index = _DECODER.raw_decode(text, index)
        if not isinstance(name, str) or name in others or (name == member and found is not None):
            raise Malformed(f"JSON: the key {str(name)[:60]!r} is no text or there twice")
        start = _skip(text, _expect(text, _skip(text, index), ":"))
        if name == member:
            found, index = read(text, start)
        else:
            others[name], index = _DECODER.raw_decode(text, start)
        index = _skip(text, index)
    if _skip(text, index + 1) != len(text):
        raise Malformed("JSON: there is something after the object")
    return others, found


def _elements(text: str, start: int) -> tuple[list[_Found], int]:
    """The elements of the array at `start`, and where it ends."""
    found: list[_Found] = []
    index = _skip(text, _expect(text, start, "["))
    while text[index : index + 1] != "]":
        if found:
            index = _skip(text, _expect(text, index, ","))
        value, end = _DECODER.raw_decode(text, index)
        found.append((index, end, value))
        index = _skip(text, end)
    return found, index + 1


def _expect(text: str, index: int, wanted: str) -> int:
    if text[index : index + 1] != wanted:
        raise Malformed(f"JSON: {wanted} expected at character {index}, there is {text[index : index + 10]!r}")
    return index + 1


def _cut(body: bytes, text: str, found: list[_Found]) -> list[tuple[bytes, Any]]:
    if len(body) == len(text):
        cut = [(body[start:end], value) for start, end, value in found]
    else:
        cut = [(text[start:end].encode(), value) for start, end, value in found]
    # element by element, for one has seldom enough brackets to be looked at closely; the scanner itself stops at a thousand
    first, last = (found[0][0], found[-1][1]) if found else (0, 0)
    _refuse_depth((text[:first] + text[last:]).encode())
    for part, value in cut:
        _refuse_depth(part)
        _refuse_lone_surrogates(part, value)
    return cut
