"""`ml-connector topics`: the table of topics. `--apply` creates them and registers the schemas, `--acls` prints the ACLs of each role."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.progress import progress_lines
from console.output import Output, print_rows


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("topics")(show_topics)


def show_topics(
    apply: Annotated[bool, typer.Option("--apply", help="Create missing topics and register every schema.")] = False,
    acls: Annotated[bool, typer.Option("--acls", help="Print what each role may do, as kafka-acls commands.")] = False,
    principal: Annotated[str, typer.Option(help="Kafka's principal of a role, for --acls.")] = "User:ml-connector-{role}",
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """Show every topic; with --apply, create what is missing and register the schemas (a separate step before any service is started)."""
    from topology.topics import topics

    if acls:
        _print_acls(principal)
        return
    if apply:
        _apply()
    rows = [
        {
            "topic": topic.name,
            "key": topic.key,
            "records": ", ".join(topic.records) if len(topic.records) < 4 else f"{len(topic.records)} kinds",
            "kept": topic.kept,
            "written by": topic.written_by,
            "read by": topic.read_by,
        }
        for topic in topics().values()
    ]
    print_rows(rows, output, "topics")


def _print_acls(principal: str) -> None:
    from runtime.settings import settings_from_environment
    from topology.acls import commands

    print("\n".join(commands(settings_from_environment().kafka, principal)))


def _apply() -> None:
    from runtime.errors import Broken
    from runtime.settings import settings_from_environment
    from schemas.errors import NotRegistered
    from topology.provision import create_topics, register_schemas

    settings, say = settings_from_environment().named("topics"), progress_lines()
    say(f"{len(create_topics(settings.kafka))} topics created, the others are as declared")
    try:
        say(f"{len(register_schemas(settings.registry, settings.kafka.topic_prefix))} schemas registered")
    except NotRegistered as error:
        raise Broken(str(error), "A change of a schema must be compatible with every earlier version.") from error
