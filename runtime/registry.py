"""The settings of the schema registry's client, made from ours. `schemas/codec.py` makes the client."""

from __future__ import annotations

from typing import Any

from runtime.errors import Broken
from runtime.secret_files import secret_in
from runtime.settings import Registry, ssl_locations

_REQUEST_S = 10
_RETRIES, _RETRY_MS = 2, 200


def client_settings(registry: Registry) -> dict[str, Any]:
    """What every client of the registry needs. Raises `Broken` if no registry is named or a file cannot be read."""
    if not registry.url:
        raise Broken("ML_CONNECTOR_REGISTRY__URL is not set.", "Set it, or start a local cluster with `ml-connector up`.")
    settings: dict[str, Any] = {
        "url": registry.url,
        "timeout": _REQUEST_S,
        "max.retries": _RETRIES,
        "retries.wait.ms": _RETRY_MS,
        "retries.max.wait.ms": _RETRY_MS,
    }
    if registry.username:
        password = secret_in(registry.password_file, "ML_CONNECTOR_REGISTRY__PASSWORD_FILE")
        settings["basic.auth.user.info"] = f"{registry.username}:{password}"
    return settings | ssl_locations(registry)
