"""The files of a connection: one YAML, read strictly, and the folder of its crosswalk tables (`console/tables/`).

Reading needs no secret and no network: `plan` and editors' checks work anywhere. Unknown keys, wrong types and duplicate rows
are errors that name the file and the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from console.tables.folder import TableFiles, read_tables
from console.tables.rows import TableRow
from runtime.errors import Broken
from systems import registry
from systems.connection import ConnectionSettings

MAX_FILE_BYTES = 10 * 1024 * 1024

__all__ = ("ConnectionFiles", "TableRow", "read_connection")


@dataclass(frozen=True)
class ConnectionFiles:
    """A connection as written: settings, secret references by purpose, crosswalk rows; `unread` names files that are no tables."""

    path: Path
    settings: ConnectionSettings
    rows: tuple[TableRow, ...]
    unread: tuple[str, ...] = ()


class _UniqueLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key written twice."""


def _mapping(loader: _UniqueLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise Broken(f"{key_node.start_mark}: key {key!r} is written twice.", "Keep one of them.")
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_UniqueLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_connection(path: Path) -> ConnectionFiles:
    """Read and validate a connection's files. Raises `Broken` naming file and key."""
    settings = _settings(path, _parsed(path))
    tables = _tables(path, settings)
    return ConnectionFiles(path, settings, tables.rows, tables.unread)


def _tables(path: Path, settings: ConnectionSettings) -> TableFiles:
    """The tables beside the file. A folder that is not there is an error where the file names it."""
    folder = path.parent / settings.crosswalk
    if not folder.exists() and "crosswalk" not in settings.model_fields_set:
        return TableFiles()
    return read_tables(folder, path.parent, registry.crosswalk_tables(settings.erp.system))


def _parsed(path: Path) -> Any:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Broken(
            f"{path}: {error.strerror or error}.", "Name the connection's YAML file; `ml-connector init` writes one."
        ) from error
    if len(raw) > MAX_FILE_BYTES:
        raise Broken(
            f"{path} is over {MAX_FILE_BYTES} bytes.", "A connection is a short file; tables go into its crosswalk folder."
        )
    try:
        return yaml.load(raw, Loader=_UniqueLoader)  # noqa: S506 - a SafeLoader that refuses duplicate keys
    except yaml.YAMLError as error:
        raise Broken(f"{path}: not YAML: {error}") from error


def _settings(path: Path, parsed: Any) -> ConnectionSettings:
    try:
        return ConnectionSettings.model_validate(parsed)
    except ValidationError as error:
        lines = [f"  {'.'.join(str(part) for part in e['loc']) or '(file)'}: {e['msg']}" for e in error.errors()]
        raise Broken("\n".join([f"{path}: {len(lines)} setting(s) are wrong:", *lines])) from error
