"""How the vendor's document is held against exchanges; for tests.

`{ids}` takes slashes: the published document says of the parameter that they separate its values. Members the document leaves out although
the vendor sends or takes them: `_links` and `delete` (Integration Development Guide), the `value` of a custom field, `innerException`.
"""

from __future__ import annotations

from runtime.simulator.openapi import Reading, Validator
from systems.acumatica.spec import ENDPOINT_VERSION, openapi

READING = Reading(
    base=f"/entity/Default/{ENDPOINT_VERSION}",
    spanning=frozenset({"ids"}),
    extras=frozenset({"_links", "delete", "value", "innerException"}),
)


def validator() -> Validator:
    """A validator of the endpoint; make one per session of tests, since it compiles each operation once."""
    return Validator(openapi(), READING)
