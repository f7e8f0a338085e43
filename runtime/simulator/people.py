"""Seeded people and companies. The same seed gives the same ones in every simulator, so that two systems can know the same person.

The first n of a longer list are the shorter list. All names, numbers and addresses are made up; phone numbers use the 555-01xx range that
is reserved for fiction. The variants of names and addresses make a first match hard.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TypeVar


def _listed(names: str) -> list[str]:
    return names.split(", ")


_FIRST = _listed(
    "James, Mary, Robert, Patricia, John, Jennifer, Michael, Linda, David, Elizabeth, William, Barbara, Richard, Susan, "
    "Joseph, Jessica, Thomas, Sarah, Carlos, Karen, Daniel, Lisa, Matthew, Nancy, Anthony, Betty, Mark, Sandra, Steven, "
    "Ashley, Paul, Emily, Andrew, Donna, Joshua, Michelle, Kenneth, Carol, Kevin, Amanda, Brian, Melissa, Luis, Deborah, "
    "Ronald, Stephanie, Timothy, Rebecca, Jason, Laura, Ana, Helen, Omar, Priya, Wei, Fatima, Sven, Aoife"
)
_LAST = _listed(
    "Smith, Johnson, Williams, Brown, Jones, Garcia, Miller, Davis, Rodriguez, Martinez, Hernandez, Lopez, Gonzalez, "
    "Wilson, Anderson, Thomas, Taylor, Moore, Jackson, Martin, Lee, Perez, Thompson, White, Harris, Sanchez, Clark, "
    "Ramirez, Lewis, Robinson, Walker, Young, Allen, King, Wright, Scott, Torres, Nguyen, Hill, Flores, Green, Adams, "
    "Nelson, Baker, Hall, Rivera, Campbell, Mitchell, Carter, Roberts, O'Brien, Okafor, Schmidt, Kowalski, Novak, Haddad"
)
_STREETS = _listed(
    "Oak, Maple, Cedar, Elm, Pine, Walnut, Lakeview, Hillcrest, Sunset, River, Mill, Church, Spring, Park, Willow, "
    "Chestnut, Prairie, Juniper"
)
_KINDS = _listed("Street, Avenue, Drive, Road, Lane, Court, Boulevard, Circle")
_CITIES = (
    ("Austin", "TX", "787"),
    ("Round Rock", "TX", "786"),
    ("San Marcos", "TX", "786"),
    ("Cedar Park", "TX", "786"),
    ("Georgetown", "TX", "786"),
)
_TRADES = _listed(
    "Property Management, Dental Group, Bakery, Fitness Studio, Auto Body, Coffee Roasters, Storage, Veterinary Clinic, Brewing"
)
_SUPPLIES = _listed(
    "Plumbing Supply, HVAC Distributors, Electrical Wholesale, Pipe and Fittings, Sheet Metal, Controls, Water Heaters, "
    "Tools, Refrigerants"
)
_SHORT = {
    "street": _listed("Street=St, Avenue=Ave, Drive=Dr, Road=Rd, Lane=Ln, Court=Ct, Boulevard=Blvd, Circle=Cir"),
    "name": _listed("Corporation=Corp, Distributors=Distr, Management=Mgmt, Wholesale=Whsl, Robert=Bob, William=Bill"),
}
_FORMS = _listed("LLC, Inc., Co., Corporation")


@dataclass(frozen=True)
class Person:
    """A customer. `kind` is Residential or Commercial; a commercial one has a company's name."""

    name: str
    kind: str
    street: str
    unit: str
    city: str
    state: str
    zip: str
    phone: str
    email: str


@dataclass(frozen=True)
class Company:
    """A vendor with its code and tax id."""

    name: str
    code: str
    tax_id: str
    street: str
    unit: str
    city: str
    state: str
    zip: str
    phone: str
    email: str


P = TypeVar("P", Person, Company)


def people(seed: int, count: int) -> list[Person]:
    """The first `count` customers of a seed. About one in five is commercial; names repeat now and then, as real ones do."""
    return [_person(_draw(f"person/{seed}/{n}"), n) for n in range(count)]


def companies(seed: int, count: int) -> list[Company]:
    """The first `count` vendors of a seed. Codes and tax ids are unique."""
    return [_company(_draw(f"company/{seed}/{n}"), n) for n in range(count)]


def abbreviated(party: P, spelt_out: frozenset[str] = frozenset()) -> P:
    """The same party as somebody in a hurry types it: `Oak St`, `Bob`, `Corp`. Words in `spelt_out` are not abbreviated."""
    short = {}
    for member, pairs in _SHORT.items():
        words = dict(pair.split("=") for pair in pairs)
        typed = [word if word in spelt_out else words.get(word, word) for word in getattr(party, member).split()]
        short[member] = " ".join(typed)
    return replace(party, **short)


def misspelt(draw: random.Random, party: P) -> P:
    """The same party with two letters of its name in the wrong order."""
    name, at = party.name, draw.randrange(1, len(party.name) - 1)
    return replace(party, name=name[:at] + name[at + 1] + name[at] + name[at + 2 :])


def drawn(draw: random.Random, shares: dict[str, int]) -> str:
    """One of the keys, drawn with a probability in proportion to its share."""
    return draw.choices(list(shares), list(shares.values()))[0]


def _person(draw: random.Random, n: int) -> Person:
    first, last = draw.choice(_FIRST), draw.choice(_LAST)
    commercial = draw.random() < 0.2
    name = f"{last} {draw.choice(_TRADES)} {draw.choice(_FORMS)}" if commercial else f"{first} {last}"
    unit = f"Apt {draw.randint(1, 40)}" if not commercial and draw.random() < 0.1 else ""
    street, city, state, code = _address(draw)
    mail = f"{first}.{last}.{n}@example.com".lower().replace("'", "")
    return Person(name, "Commercial" if commercial else "Residential", street, unit, city, state, code, _phone(draw), mail)


def _company(draw: random.Random, n: int) -> Company:
    name = f"{draw.choice(_LAST)} {draw.choice(_SUPPLIES)} {draw.choice(_FORMS)}"
    street, city, state, code = _address(draw)
    tax_id = f"{draw.randint(10, 98)}-{n:04d}{draw.randint(100, 999)}"
    return Company(name, f"V{n + 1:05d}", tax_id, street, "", city, state, code, _phone(draw), f"orders{n}@example.com")


def _address(draw: random.Random) -> tuple[str, str, str, str]:
    city, state, area = draw.choice(_CITIES)
    street = f"{draw.randint(100, 9899)} {draw.choice(_STREETS)} {draw.choice(_KINDS)}"
    return street, city, state, f"{area}{draw.randint(1, 59):02d}"


def _phone(draw: random.Random) -> str:
    return f"({draw.choice((512, 737, 254))}) 555-{draw.randint(100, 199):04d}"


def _draw(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - made-up people, no secret
