"""The exit codes of the command, for programs that call it.

- `OK`: done, everything agrees.
- `NOT_OK`: done, and the answer is no (a check failed, something is unaccounted for).
- `USAGE`: the command line itself is wrong (typer's own code).
- `UNREACHABLE`: another system did not answer or said no. This includes Kafka and the schema registry, for which a service waits
  `ML_CONNECTOR_START_WAIT_S` and other verbs 5 s.
- `DEFECT`: our fault, please report it.
- `SETTINGS`: a setting, permission, file, password, certificate or topic is wrong; the message says which.
- `INTERRUPTED`: Ctrl-C.
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
