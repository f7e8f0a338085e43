"""`ml-connector keys export|verify-only`: write the keys of one role to a file, so that no service needs the whole ring."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runtime.errors import Broken
from runtime.rolekeys import DECIDER, INGRESS, OPERATOR, POLLERS, SHARES, SINKS, VERIFY, keys_at, write_keys
from runtime.settings import settings_from_environment

File = Annotated[Path, typer.Argument(help="Where to write it; an existing file is never overwritten.")]
_DOES = {
    INGRESS: "checks webhooks and pushes",
    POLLERS: "reads from both sides",
    SINKS: "writes to the ERP, and pauses",
    DECIDER: "may release, retry, skip, pause and resume; opens no credentials",
    VERIFY: "checks signatures; holds nothing secret",
}


class Role(StrEnum):
    """The roles whose keys can be exported. The operator has the ring itself."""

    ingress = INGRESS
    pollers = POLLERS
    sinks = SINKS
    decider = DECIDER
    verify = VERIFY


def register(keys: typer.Typer) -> None:
    """Add the verbs."""
    keys.command()(export)
    keys.command("verify-only")(verify_only)


def export(role: Annotated[Role, typer.Argument(help="Whose keys.")], file: File) -> None:
    """Write the keys of one role to a file, which its service gets as ML_CONNECTOR_KEY_RING. Repeat it after each rotation."""
    _write(role.value, file)


def verify_only(file: File) -> None:
    """Write the public keys alone: enough for topology, which checks signatures and opens nothing."""
    _write(VERIFY, file)


def _write(role: str, file: Path) -> None:
    ring = settings_from_environment().key_ring
    if ring is not None and file.resolve() == ring.resolve():
        raise Broken(f"{file} is the file that the keys come from.", "Name another file.")
    keys = keys_at(ring, (role,) if role == VERIFY else (role, OPERATOR))
    write_keys(file, keys)
    opens, signs = ", ".join(SHARES[role].opens) or "nothing", ", ".join(SHARES[role].signs) or "nothing"
    print(f"{file}: keys of role {role} ({_DOES[role]}). It opens {opens} and signs {signs}.")
