"""The vendor's published OpenAPI document and field mapping of endpoint Default 24.200.001, as committed beside this file.

Source: EndpointDefinitions and EndpointMetadata of github.com/Acumatica/AcumaticaRESTAPIClientForCSharp, trimmed to the entities that
an integration of books needs, and without the vendor's prose: shapes, types and paths are as published. The document's `info.version` is the contract version 4, not the endpoint version.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

ENDPOINT_VERSION = "24.200.001"
_FILE = Path(__file__).with_name("openapi_Default_24.200.001.json")


@cache
def openapi_bytes() -> bytes:
    """The OpenAPI document as it is served at `/entity/Default/24.200.001/swagger.json`."""
    return _FILE.read_bytes()


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI document, parsed; callers must not change it."""
    document: dict[str, Any] = json.loads(openapi_bytes())
    return document
