"""docs/try-it.md, run as it stands: every command of the page, in its order, in one shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.stage import bare_environment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "try-it.md").read_text()
INSTALLING = ["make install", ". .venv/bin/activate"]
_TO_FILE = re.compile(r"> (\S+)(?: 2>&1)? &$")
_READY_S = 240
_MARK = "=== "


def commands() -> list[str]:
    """The commands of the page's blocks, in their order."""
    return [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines() if line.strip()]


def script() -> str:
    """The page as a person types it: who starts something in the background waits until it has said something."""
    lines = ["set -o pipefail", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    for line in commands()[len(INSTALLING) :]:
        lines.append(f"echo {_MARK!r}; echo {_quoted(_MARK + line)}")
        lines.append(line)
        background = _TO_FILE.search(line)
        if background is None:
            lines.append("code=$?; [ $code = 0 ] || { echo 'ended with '$code; cat services.log | tail -30; exit 1; }")
        else:
            file = background[1]
            lines.append(f"n=0; until [ -s {file} ]; do sleep 0.5; n=$((n+1)); [ $n -lt {_READY_S * 2} ] || exit 2; done")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def test_the_first_invoice_takes_ten_commands() -> None:
    first = PAGE.split("## Every day")[0]
    counted = [line for block in re.findall(r"```sh\n(.*?)```", first, re.DOTALL) for line in block.splitlines() if line.strip()]
    assert (counted[:2], len(counted)) == (INSTALLING, 10)
    assert counted[-1].startswith("ml-connector explain ")


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    """In a folder of its own, with this environment's `ml-connector` instead of the one that the first two lines install."""
    assert (Path(sys.executable).parent / "ml-connector").exists(), (
        "ml-connector is not beside this interpreter: run `make install`"
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    said = subprocess.run(
        ["bash", "-c", script()],
        cwd=tmp_path,
        env=bare_environment() | {"PATH": path, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=840,
        check=False,
    )
    shown = said.stdout + said.stderr
    assert said.returncode == 0, shown[-6000:]
    told = dict(part.partition("\n")[::2] for part in said.stdout.split(f"{_MARK}\n{_MARK}")[1:])
    assert "Acumatica: posted as " in told["ml-connector try invoice --amount 120.00"]
    chain = told["ml-connector explain 100001"]
    assert [kind for kind in ("ledger", "result", "command", "canonical", "raw") if f"  {kind} " not in chain] == []
    assert "120.00 USD" in chain
    assert "/webhooks/servicetitan/acme" in told["ml-connector check acme"]
    paused = said.stdout.rsplit(f"{_MARK}ml-connector open\n", 1)[1]
    assert "acme is paused by " in paused.split(_MARK)[0]
    after = [line for line in said.stdout.rsplit(f"{_MARK}ml-connector journal\n", 1)[1].splitlines() if " posted " in line]
    assert len(after) >= 5, "three invoices, a customer and a payment"
    assert len([line for line in after if "invoice 100001 " in line]) == 1, "read again from the first command, posted once"
    assert {"services.log", "cluster.env", "try-it"} <= {path.name for path in tmp_path.iterdir()}
