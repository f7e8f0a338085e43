"""The facts of endpoint Default 24.200.001, as the vendor's OpenAPI document states them.

Source: EndpointDefinitions of github.com/Acumatica/AcumaticaRESTAPIClientForCSharp, limited to the entities that an integration of books needs and
condensed by `python -m runtime.facts`. `version` in the table is the contract version 4, not the endpoint version. The tag of an operation is its
entity.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from runtime.facts.document import openapi_of

ENDPOINT_VERSION = "24.200.001"


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI document that the facts stand for; callers must not change it."""
    return openapi_of(Path(__file__).with_name(f"Default-{ENDPOINT_VERSION}.tsv"))
