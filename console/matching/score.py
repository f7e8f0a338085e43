"""How alike two masters are: pure scores over name, address, phone, e-mail, code and tax id.

Similarity of text is rapidfuzz's token-sort ratio over a normal form (case, punctuation, legal suffixes and street words folded).
A pair is *exact* when name and address agree after folding, nothing else contradicts, and neither side has another such partner.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from rapidfuzz import fuzz

LIKELY = 0.80
_WORDS = {
    "street": "st", "avenue": "ave", "road": "rd", "drive": "dr", "boulevard": "blvd", "lane": "ln", "court": "ct", "circle": "cir",
    "place": "pl", "highway": "hwy", "suite": "ste", "apartment": "apt", "north": "n", "south": "s", "east": "e", "west": "w",
    "company": "co", "corporation": "corp", "incorporated": "inc", "limited": "ltd", "and": "&",
}  # fmt: skip
_NOISE = re.compile(r"[^\w&]+")


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
        """The address in one line, folded."""
        return folded(f"{self.street} {self.unit} {self.city} {self.state} {self.zip[:5]}")


@dataclass(frozen=True)
class Score:
    """How alike two masters are, 0 to 1; `contradicts` names fields that both have and that differ."""

    value: float
    name: float
    address: float
    contradicts: tuple[str, ...]
    exact: bool


def folded(text: str) -> str:
    """A text as it is compared: no accents, lower case, no punctuation, usual words in their short form."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(_WORDS.get(word, word) for word in _NOISE.sub(" ", plain).split())


def digits(phone: str) -> str:
    """The last ten digits of a phone number."""
    return re.sub(r"\D", "", phone)[-10:]


def score(ours: Master, theirs: Master) -> Score:
    """Compare two masters."""
    name = fuzz.token_sort_ratio(folded(ours.name), folded(theirs.name)) / 100
    has_address = bool(ours.street and theirs.street)
    address = fuzz.token_sort_ratio(ours.address, theirs.address) / 100 if has_address else 0.0
    agreed, contradicts = _keys(ours, theirs)
    if theirs.external_ref and theirs.external_ref in (ours.id, ours.code):
        return Score(1.0, name, address, contradicts, True)
    parts = [(name, 0.5), *([(address, 0.3)] if has_address else [])]
    value = sum(part * weight for part, weight in parts) / sum(weight for _, weight in parts)
    value = min(1.0, value + 0.06 * agreed) - 0.12 * len(contradicts)
    exact = name == 1.0 and has_address and address == 1.0 and not contradicts
    return Score(max(0.0, round(value, 4)), name, address, contradicts, exact)


def _keys(ours: Master, theirs: Master) -> tuple[int, tuple[str, ...]]:
    pairs = {
        "phone": (digits(ours.phone), digits(theirs.phone)),
        "email": (ours.email.lower(), theirs.email.lower()),
        "tax_id": (ours.tax_id, theirs.tax_id),
    }
    both = {field: pair for field, pair in pairs.items() if all(pair)}
    return sum(a == b for a, b in both.values()), tuple(field for field, (a, b) in both.items() if a != b)
