"""`ml-connector keys`: make the key ring that credentials are sealed with, and rotate it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.cli import exit_codes
from runtime import secrets
from runtime.errors import Broken
from runtime.settings import Settings, settings_from_environment

_LEAKED = (
    "The secrets and their data keys are the same as before. Where an older key leaked, whoever also has a copy of the topic can read them:"
    " change the secrets at the systems and apply each connection again."
)

keys = typer.Typer(name="keys", help="The key ring of credentials at rest.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.add_typer(keys)


@keys.command()
def new(file: Annotated[Path, typer.Argument(help="Where to write it; only its owner will be able to read it.")]) -> None:
    """Make a key ring with one key. An existing file is never overwritten: what it opens would be lost."""
    if file.exists():
        raise Broken(f"{file} exists.", "Use `ml-connector keys rotate`, or another file.")
    key = secrets.new_key(datetime.now(UTC))
    secrets.write_ring(file, secrets.KeyRing((key,)))
    print(f"{file}: key {key.id}. Set ML_CONNECTOR_KEY_RING={file.absolute()} and keep a copy offline.")


@keys.command()
def rotate(
    finish: Annotated[bool, typer.Option(help="Wrap all credentials under the newest key and drop the older keys.")] = False,
) -> None:
    """Add a key to the ring; with --finish, once every service has the new file, wrap what is stored anew and drop the old keys.

    Stopped half-way, --finish goes on where it was: no key is dropped before everything under it is wrapped anew. A set that does not open
    is named and left, and the exit code is 1 then. Rewrapping helps against a key that is lost from now on; a key that leaked has opened
    what was stored under it, so the secrets themselves have to be changed and applied.
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
    from runtime import registry
    from schemas import codec
    from services import credentials
    from topology.topics import records_of_topic

    assert settings.key_ring is not None
    topic = credentials.TOPIC
    made = codec.load(registry.client_settings(settings.registry), {settings.topic(topic): records_of_topic()[topic]})
    done = credentials.rewrap_all(settings, made, ring, now)
    newest = ring.newest(now)
    secrets.write_ring(settings.key_ring, secrets.KeyRing((newest,)))
    print(f"{settings.key_ring}: {done.count} credential sets wrapped under {newest.id}, {len(ring.keys) - 1} older keys dropped.")
    for line in done.left:
        print(f"left as it is: {line}")
    print(_LEAKED)
    return exit_codes.NOT_OK if done.left else exit_codes.OK
