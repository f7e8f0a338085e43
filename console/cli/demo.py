"""`ml-connector demo`: a seeded working day over real Kafka with simulators, and a comparison of the books of both sides."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli import exit_codes
from console.cli.progress import progress_lines

if TYPE_CHECKING:
    from console.demo.accounts import Row
    from console.demo.day import Options, Outcome

_NOTED = 20
_SCALE, _SCALE_OF_ALL = 600.0, 1_500.0
"""Scaled seconds per real second, for one connection and for all together. Each connection has a field service that is polled 51 times a second at
600."""
_DAY_START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # six in the morning in Chicago, a Monday


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(demo)


def demo(
    erp: Annotated[str, typer.Option(help="Which ERP, or all, side by side on one day.")] = "all",
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.")] = 1,
    jobs: Annotated[
        int, typer.Option(min=1, help="Jobs of the whole day; with all ERPs shared evenly by their connections.")
    ] = 500,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The last line on stdout is one JSON object.")] = False,
    scale: Annotated[
        float | None,
        typer.Option(min=1, help="Scaled seconds per real second; left out, as fast as two cores can poll for all of them."),
    ] = None,
    drain_s: Annotated[
        float, typer.Option("--drain-seconds", min=0, help="Longest wait for the last document after the day.")
    ] = 420,
    folder: Annotated[
        Path | None, typer.Option(help="Keep files and logs here; without it they are deleted after a day that went well.")
    ] = None,
) -> None:
    """Play a working day through every service and prove that nothing is lost, doubled or a cent off; exit 0 only then."""
    from console.demo.day import Options
    from runtime.errors import Broken
    from systems import registry

    names = [system.name for system in registry.erps()]
    if erp != "all" and erp not in names:
        raise Broken(f"{erp!r} is not an ERP.", f"Give one of: all, {', '.join(names)}.")
    with _place(folder) as place:
        kept = as_json if keep else None
        pace = scale or min(_SCALE, _SCALE_OF_ALL / (len(names) if erp == "all" else 1))
        code = report(asyncio.run(_played(Options(erp, seed, jobs, pace, drain_s), place, kept)), as_json)
        if code != exit_codes.OK:
            raise SystemExit(code)


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    """The folder for files and logs. A folder that the demo made is deleted afterwards, unless something went wrong and its logs are needed."""
    if folder is not None:
        yield folder
        return
    made, is_kept = Path(tempfile.mkdtemp(prefix="ml-connector-demo-")), True
    try:
        yield made
        is_kept = False
    except KeyboardInterrupt:
        is_kept = False
        raise
    finally:
        if is_kept:
            print(f"logs are kept in {made}", file=sys.stderr)
        else:
            shutil.rmtree(made, ignore_errors=True)


async def _played(options: Options, folder: Path, kept: bool | None) -> Outcome:
    """Play the day and return how it ended. `kept`: whether the result is printed as JSON before everything is left running; None = nothing is left
    running."""
    from console.demo.day import Day
    from console.demo.processes import Pace, Processes, Simulators, environment
    from console.reading import Cluster
    from runtime.embedded.child import free_ports
    from runtime.embedded.cluster import start_cluster
    from runtime.secrets import KeyRing, new_key, write_ring
    from topology.provision import create_topics, register_schemas

    say = progress_lines()
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - once, before anything runs
    cluster = start_cluster(None, say)
    port = free_ports(1)[0]
    addresses = cluster.endpoints.environment() | {"ML_CONNECTOR_KAFKA__TOPIC_PREFIX": _prefix(cluster.kind)}
    settings = environment(folder, addresses, Pace(options.scale, _DAY_START), port)
    os.environ.update(settings)
    processes = Processes(folder, settings, ingress_port=port)
    simulators = Simulators(processes)
    try:
        write_ring(folder / "keys.json", KeyRing((new_key(datetime.now(UTC)),)))
        create_topics(processes.settings.kafka)
        register_schemas(processes.settings.registry, processes.settings.kafka.topic_prefix)
        say("topics created, schemas registered")
        day = Day(processes, options, say, simulators, Cluster(processes.settings))
        await day.prepare()
        outcome = await day.outcome()
        if kept is not None:
            report(outcome, kept)
            say(f"kept running, logs in {folder}; Ctrl-C ends it; in another shell set what is printed now, and ask")
            await wait_kept_running(settings)
        return outcome
    finally:
        await simulators.close()
        processes.stop()
        cluster.stop()


async def wait_kept_running(settings: Mapping[str, str]) -> None:
    """Print the settings as shell exports, and wait until a signal ends it. No thread does the waiting, because it would outlive Ctrl-C."""
    for key, value in settings.items():
        print(f"export {key}={shlex.quote(value)}", flush=True)
    await asyncio.Event().wait()


def _prefix(kind: str) -> str:
    """A topic prefix that is unique on a shared cluster, because another demo may have run there."""
    return "" if kind == "jvm" else f"demo-{secrets.token_hex(4)}."


def report(outcome: Outcome, as_json: bool) -> int:
    """Print how the day ended. The exit code says whether everything is accounted for, whether the balances of both sides are equal, and whether
    polling once more added nothing."""
    from console.demo.balances import as_json as balances_as_json

    code = exit_codes.OK if outcome.is_ok else exit_codes.NOT_OK
    lines = _notes(outcome) if as_json else [*_told(outcome), *_notes(outcome)]
    for line in lines:
        print(line)
    if as_json:
        flows = [row.as_json() for row in outcome.rows]
        further = {"corrections": dict(outcome.corrections), "balances": balances_as_json(outcome.balances)}
        print(json.dumps({"ok": outcome.is_ok, "flows": flows, **further}), flush=True)
    else:
        print("everything is accounted for, to the cent" if outcome.is_ok else "NOT everything is accounted for")
    return code


def _notes(outcome: Outcome) -> list[str]:
    """Everything that is wrong, by name."""
    found = [note for row in outcome.rows for note in row.notes[:_NOTED]]
    found += [note for one in outcome.balances for note in one.notes[:_NOTED]]
    return found + ([f"more polling alone added {outcome.added} documents"] if outcome.added else [])


def _told(outcome: Outcome) -> Iterator[str]:
    """The day for a person: each flow, what was corrected, and the balances of both sides."""
    from console.demo.balances import sentences
    from console.output import paragraph

    for row in outcome.rows:
        yield from accounted(row)
    if outcome.corrections:
        kinds = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in outcome.corrections.items())
        yield from paragraph(f"corrected: {sum(outcome.corrections.values())}: {kinds}")
    for one in outcome.balances:
        for sentence in sentences(one):
            yield from paragraph(sentence)


def accounted(row: Row) -> Iterator[str]:
    """A flow for a person: how much the source has, and where all of it is. Empty buckets are left out."""
    from console.demo.accounts import BUCKETS
    from console.output import money, paragraph

    def shown(name: str) -> str:
        bucket = row.bucket(name)
        return f"{name.replace('_', ' ')} {bucket.count} / {money(bucket.amount, ',')}"

    where = " + ".join(shown(name) for name in BUCKETS if row.bucket(name).count) or "nothing"
    of = f", {row.purpose}" if row.is_one_of_several else f", {row.entity.replace('_', ' ')}" if row.entity else ""
    yield from paragraph(
        f"{row.flow or '-':<4}{row.connection}{of}: {shown('source')} = {where}; {shown('topics')}, {shown('ledger')}"
    )
