"""Kafka's own command-line tools, from the same pinned jars, so that no Kafka has to be installed.

`python -m runtime.embedded.tools kafka-consumer-groups --list` runs one against the cluster of the settings.
"""

from __future__ import annotations

import subprocess
import sys

from runtime.embedded.fetch import Jars, fetched
from runtime.embedded.java import server_java
from runtime.errors import Broken

_CLASSES = {
    "kafka-acls": "org.apache.kafka.tools.AclCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
}


def run_tool(jars: Jars, bootstrap_servers: str, name: str, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run one tool to its end; `--bootstrap-server` is added if the arguments do not name it.

    The result has exit code, stdout and stderr; the caller decides what a complaint of the tool means. Raises `Broken` for an unknown name.
    """
    if name not in _CLASSES:
        raise Broken(f"{name!r} is not one of the Kafka tools known here.", f"Known: {', '.join(sorted(_CLASSES))}.")
    where = () if "--bootstrap-server" in arguments else ("--bootstrap-server", bootstrap_servers)
    return subprocess.run(
        [
            server_java(),
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            f"{jars.kafka}/*",
            _CLASSES[name],
            *where,
            *arguments,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def main(arguments: list[str]) -> int:
    """Run the tool that the first argument names; returns its exit code."""
    from runtime.settings import settings_from_environment

    name, *rest = arguments or [""]
    jars = fetched(lambda words: print(words, file=sys.stderr))  # noqa: T201 - this is a command
    done = run_tool(jars, settings_from_environment().kafka.bootstrap_servers, name, tuple(rest))
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Broken as error:
        sys.exit(str(error))
