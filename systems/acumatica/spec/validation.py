"""Compares exchanges with the vendor's document; for tests.

`{ids}` may contain slashes: the published document says that they separate the values of the parameter. The document leaves out these members, which
the vendor sends or takes: `_links` and `delete` (Integration Development Guide), the `value` of a custom field, `innerException`.
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
    """A validator of the endpoint. Make one per test session, because it compiles each operation once."""
    return Validator(openapi(), READING)
