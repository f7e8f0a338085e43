"""`python -m runtime.facts PATH` prints the table of facts of a vendor's OpenAPI 3 document (JSON or YAML). It keeps none of its prose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
import yaml

from runtime.facts.condense import condensed
from runtime.facts.table import written


def table_of(path: Path) -> str:
    """The table of the document in a file. Raises ValueError in one line that says what is wrong with it."""
    try:
        body = path.read_bytes()
        document: Any = orjson.loads(body) if path.suffix == ".json" else yaml.safe_load(body)
        return written(condensed(document))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (orjson.JSONDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} is not JSON, or not YAML: {' '.join(str(error).split())}") from error
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{path} is not a whole OpenAPI 3 document: {type(error).__name__} {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def main(arguments: list[str]) -> int:
    """Print the table; if there is none, print one line on stderr and return 2."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("Usage: python -m runtime.facts PATH > systems/NAME/spec/DOCUMENT.tsv\n")
        return 2
    try:
        sys.stdout.write(table_of(Path(arguments[0])))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
