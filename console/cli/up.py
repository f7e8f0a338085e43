"""`ml-connector up`: a Kafka broker and a schema registry with our topics and schemas, until stopped."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from console.cli import exit_codes
from console.cli.progress import progress_lines
from runtime.embedded.folder import HIGHEST_FIRST_PORT
from runtime.errors import Broken

if TYPE_CHECKING:
    from runtime.embedded.cluster import EmbeddedCluster


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(up)


def up(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line with the addresses on stdout when ready.")] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep records, schemas and ports in this folder; without it they are lost at the end.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1024,
            max=HIGHEST_FIRST_PORT,
            help="Kafka's port, the registry's is the next; default: those of the folder, else free ones.",
        ),
    ] = None,
) -> None:
    """Start Kafka and the schema registry with our topics and schemas. Runs until SIGTERM or Ctrl-C, then leaves no process behind."""
    from runtime.embedded.cluster import start_cluster

    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    say = progress_lines()
    cluster = start_cluster(data_dir, say, port=port)
    try:
        _prepare(cluster)
        say("topics created, schemas registered")
        _print_addresses(cluster, as_json)
        while cluster.is_alive():
            threading.Event().wait(1.0)
        raise Broken("The broker or the registry ended by itself.", "Start again; with --data-dir its log is kept there.")
    finally:
        cluster.stop()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """End the process through its `finally` blocks; further signals do not interrupt them."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(exit_codes.OK)


def _prepare(cluster: EmbeddedCluster) -> None:
    # imported here, so that `--help` and a wrong option do not load Avro and Kafka
    from runtime.settings import Kafka, Registry, settings_from_environment
    from topology.provision import create_topics, register_schemas

    if cluster.kind == "external":
        settings = settings_from_environment().named("up")
        create_topics(settings.kafka)
        register_schemas(settings.registry, settings.kafka.topic_prefix)
        return
    create_topics(Kafka(bootstrap_servers=cluster.bootstrap_servers))
    register_schemas(Registry(url=cluster.registry_url))


def _print_addresses(cluster: EmbeddedCluster, as_json: bool) -> None:
    addresses = {"bootstrap_servers": cluster.bootstrap_servers, "registry_url": cluster.registry_url}
    if as_json:
        print(json.dumps(addresses), flush=True)
        return
    for key, value in cluster.endpoints.environment().items():
        print(f"export {key}={value}", flush=True)
