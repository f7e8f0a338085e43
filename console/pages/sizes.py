"""How many lines each ERP takes, by their purpose: the table of docs/adding-a-system.md. Run `python -m console.pages.sizes`; it writes nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from systems import registry

_ROOT = Path(__file__).parents[2]
_ROLES = {
    "settings, legends, declaration, `check`, what the demo asks": ("settings", "legends", "system", "check", "demo", "allocation"),
    "client, sign-in, errors, the form of a request": (
        "client", "login", "errors", "wire", "soap", "odata", "markup", "wsdl", "services", "operations", "answers", "finder",
        "find", "query", "keys",
    ),
    "feeds, and what is read as canonical records": ("poller", "resources", "models", "rows", "dating", "wall", "mapping_sightings"),
    "mapping: canonical records to commands": ("mapping",),
}  # fmt: skip
_WRITING = "writing: look-up, request, comparison, taking back"


def _lines(paths: Iterator[Path]) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def _role(name: str) -> str:
    """What a file is for, by the longest listed prefix of its name."""
    found = [
        (len(start), role) for role, starts in _ROLES.items() for start in starts if name == start or name.startswith(f"{start}_")
    ]
    return max(found, default=(0, _WRITING))[1]


def table() -> Iterator[str]:
    """The lines of the table."""
    erps = registry.erps()
    yield f"| | {' | '.join(erp.title for erp in erps)} |"
    yield "|---|" + "---|" * len(erps)
    files = {erp.name: sorted((_ROOT / "systems" / erp.name).glob("*.py")) for erp in erps}
    for role in (*_ROLES, _WRITING):
        counts = [_lines(path for path in files[erp.name] if _role(path.stem) == role) for erp in erps]
        yield f"| {role} | {' | '.join(f'{count:,}' for count in counts)} |"
    for words, folders in (
        ("**client side**", None),
        ("**simulator**", ("systems", "simulator")),
        ("**tests of its own**", ("tests/systems", "")),
    ):
        counts = [
            _lines(iter(files[erp.name]) if folders is None else (_ROOT / folders[0] / erp.name / folders[1]).rglob("*.py"))
            for erp in erps
        ]
        yield f"| {words} | {' | '.join(f'{count:,}' for count in counts)} |"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table())
