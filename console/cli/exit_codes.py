"""What the command's exit code tells a program that called it.

`OK` done, everything in agreement; `NOT_OK` done, and the answer is no (a check failed, something is unaccounted for);
`USAGE` the command line itself is wrong (typer's own); `UNREACHABLE` another system did not answer or said no: Kafka or the schema registry
too, a service after `ML_CONNECTOR_START_WAIT_S`, other verbs after 5 s; `DEFECT` our fault, please report; `SETTINGS` a setting, permission,
file, password, certificate or topic is wrong, the message says which; `INTERRUPTED` Ctrl-C.
"""

from __future__ import annotations

from runtime.errors import EXIT_SOFTWARE

OK = 0
NOT_OK = 1
USAGE = 2
UNREACHABLE = 69
DEFECT = EXIT_SOFTWARE
SETTINGS = 78
INTERRUPTED = 130
