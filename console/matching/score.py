"""How similar two masters are: pure scores over name, address, phone, e-mail, code and tax id.

Names are compared in a folded form in which the letters of every script count. Accents and other marks are ignored only to rank similar
names, never to call two names equal. A pair is *exact* if name and address agree after folding, nothing else contradicts, and neither side
has another such partner. A text that folds to nothing agrees with nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from systems.values.codes import visible

LIKELY = 0.80
_NAME_WORDS = {"company": "co", "corporation": "corp", "incorporated": "inc", "limited": "ltd", "and": "&"}
_STREET_WORDS = {
    "street": "st", "avenue": "ave", "road": "rd", "drive": "dr", "boulevard": "blvd", "lane": "ln", "court": "ct", "circle": "cir",
    "place": "pl", "highway": "hwy", "suite": "ste", "apartment": "apt", "north": "n", "south": "s", "east": "e", "west": "w", "and": "&",
}  # fmt: skip
_COUNTED = ("L", "M", "N", "Sc", "Sm", "So")
"""Letters, marks, digits, and signs that have a meaning (+, $, emoji). Punctuation and blanks have none."""
_ZIP = re.compile(r"(\d{5})-?\d{4}")


@dataclass(frozen=True)
class Master:
    """One customer or vendor as a system knows it."""

    id: str
    name: str
    street: str = ""
    unit: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    phone: str = ""
    email: str = ""
    code: str = ""
    tax_id: str = ""
    external_ref: str = ""

    @property
    def address(self) -> str:
        """The address in one line, folded; "" if there is no street."""
        if not folded_address(self.street):
            return ""
        return folded_address(f"{self.street} {self.unit} {self.city} {self.state} {short_zip(self.zip)}")


@dataclass(frozen=True)
class Score:
    """How similar two masters are, 0 to 1. `contradicts` names fields that both have and that differ."""

    value: float
    name: float
    address: float
    contradicts: tuple[str, ...]
    exact: bool


def folded(name: str) -> str:
    """A name as it is compared: without case, width and punctuation, the usual words of companies in their short form; "" if nothing is
    left."""
    return _folded(name, is_street=False)


def folded_address(text: str) -> str:
    """An address or a part of one as it is compared, the usual words of streets in their short form."""
    return _folded(text, is_street=True)


@lru_cache(131072)
def _folded(text: str, *, is_street: bool) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible(text)).casefold())
    counted = "".join(c if c == "&" or unicodedata.category(c).startswith(_COUNTED) else " " for c in plain)
    short = _STREET_WORDS if is_street else _NAME_WORDS
    return " ".join(short.get(word, word) for word in counted.split())


@lru_cache(131072)
def unmarked(text: str) -> str:
    """A folded text without accents and other marks, only to find and rank similar ones."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M"))


def short_zip(text: str) -> str:
    """A postal code; of a United States code with four further digits, the first five."""
    found = _ZIP.fullmatch(visible(text))
    return found.group(1) if found else text


def digits(phone: str) -> str:
    """The last ten digits of a phone number."""
    return "".join(str(unicodedata.decimal(c)) for c in phone if c.isdecimal())[-10:]


def score(ours: Master, theirs: Master) -> Score:
    """Compare two masters."""
    our_name, their_name = folded(ours.name), folded(theirs.name)
    our_address, their_address = ours.address, theirs.address
    has_address = bool(our_address and their_address)
    name = _similar(our_name, their_name)
    address = _similar(our_address, their_address)
    agreed, contradicts = _keys(ours, theirs)
    parts = [(name, 0.5), *([(address, 0.3)] if has_address else [])]
    value = sum(part * weight for part, weight in parts) / sum(weight for _, weight in parts)
    value = max(0.0, round(min(1.0, value + 0.06 * agreed) - 0.12 * len(contradicts), 4))
    if refers(ours, theirs):
        against = (*contradicts, *(("address",) if has_address and address < LIKELY else ()))
        if name >= LIKELY and len(against) < 2 and "tax_id" not in against:
            return Score(1.0, name, address, contradicts, True)
        named = ("name",) if our_name and their_name and name < LIKELY else ()
        return Score(max(LIKELY, min(value, 0.99)), name, address, (*named, *against), False)
    exact = _equal(our_name, their_name) and _equal(our_address, their_address) and not contradicts
    return Score(value, name, address, contradicts, exact)


def refers(ours: Master, theirs: Master) -> bool:
    """Whether the partner's reference names ours."""
    return bool(visible(theirs.external_ref)) and visible(theirs.external_ref) in (visible(ours.id), visible(ours.code))


def _equal(one: str, other: str) -> bool:
    return bool(one) and sorted(one.split()) == sorted(other.split())


def _similar(one: str, other: str) -> float:
    """A score from 0 to 1. A text that folds to nothing is similar to nothing."""
    if not one or not other:
        return 0.0
    plain, unlike = unmarked(one), unmarked(other)
    return float(fuzz.token_sort_ratio(plain, unlike)) / 100 if plain and unlike else 0.0


def _keys(ours: Master, theirs: Master) -> tuple[int, tuple[str, ...]]:
    pairs = {
        "phone": (digits(ours.phone), digits(theirs.phone)),
        "email": (visible(ours.email).casefold(), visible(theirs.email).casefold()),
        "tax_id": (folded(ours.tax_id).replace(" ", ""), folded(theirs.tax_id).replace(" ", "")),
    }
    both = {field: pair for field, pair in pairs.items() if all(pair)}
    return sum(a == b for a, b in both.values()), tuple(field for field, (a, b) in both.items() if a != b)
