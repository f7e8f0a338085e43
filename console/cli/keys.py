"""`ml-connector keys`: make the key ring that encrypts credentials, and rotate it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.cli import exit_codes, role_files
from runtime import secrets
from runtime.errors import Broken
from runtime.settings import Settings, settings_from_environment

_LEAKED = (
    "The secrets and their data keys are the same as before. If an older key leaked, anyone who also has a copy of the topic can read them:"
    " change the secrets at the systems and apply each connection again."
)

keys = typer.Typer(name="keys", help="The key ring of credentials at rest.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    role_files.register(keys)
    app.add_typer(keys)


@keys.command()
def new(file: Annotated[Path, typer.Argument(help="Where to write it; only its owner will be able to read it.")]) -> None:
    """Make a key ring with one key. An existing file is never overwritten, because what its keys open would be lost."""
    if file.exists():
        raise Broken(f"{file} exists.", "Use `ml-connector keys rotate`, or another file.")
    key = secrets.new_key(datetime.now(UTC))
    secrets.write_ring(file, secrets.KeyRing((key,)))
    print(f"{file}: key {key.id}. Set ML_CONNECTOR_KEY_RING={file.absolute()} and keep a copy offline.")


@keys.command()
def rotate(
    finish: Annotated[bool, typer.Option(help="Wrap all credentials under the newest key and drop the older keys.")] = False,
) -> None:
    """Add a key to the ring. With --finish, once every service has the new file, wrap what is stored again and drop the old keys.

    If --finish stops half-way, the next call continues where it was; no key is dropped before everything under it is wrapped again. A set
    that does not open is named and left as it is, and the exit code is then 1. Wrapping again helps against a key that leaks later. A key
    that has leaked already can open what was stored under it, so the secrets themselves have to be changed and applied.
    """
    settings = settings_from_environment()
    if settings.key_ring is None:
        raise Broken("ML_CONNECTOR_KEY_RING is not set.", "Set it to the key ring's file.")
    now, ring = datetime.now(UTC), secrets.read_ring(settings.key_ring)
    if finish:
        raise SystemExit(_finish(settings, ring, now))
    key = secrets.new_key(now)
    secrets.write_ring(settings.key_ring, secrets.KeyRing((*ring.keys, key)))
    print(f"{settings.key_ring}: key {key.id} added. Give the file to every service, then run with --finish.")


def _finish(settings: Settings, ring: secrets.KeyRing, now: datetime) -> int:
    from console.cli.plan import person
    from console.connections.resigning import signed_again
    from console.reading import Cluster

    assert settings.key_ring is not None
    done = signed_again(Cluster(settings), ring, person())
    newest = ring.newest(now)
    secrets.write_ring(settings.key_ring, secrets.KeyRing((newest,)))
    print(f"{settings.key_ring}: {done.count} credential sets wrapped under {newest.id}, {len(ring.keys) - 1} older keys dropped.")
    for line in done.unopened:
        print(f"left as it is: {line}")
    print(_LEAKED)
    return exit_codes.NOT_OK if done.unopened else exit_codes.OK
