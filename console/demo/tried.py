"""A connection between two simulators for a person who tries the product: its files and settings, with webhooks enabled."""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console.demo.facts import demo_of
from console.demo.joined import Joined, Share
from console.demo.processes import Processes, Simulators
from runtime.embedded.child import free_ports
from runtime.secrets import KeyRing, new_key, write_ring
from systems import registry

SETTINGS = "settings.env"
_FEW = {"customers": "12", "vendors": "4"}
_NONE = {"customers": "0", "vendors": "0", "closed": "", "locked": ""}
_SECRETS = "ML_CONNECTOR_DEMO_"


def switches(system: str) -> dict[str, str]:
    """Switches of a simulator for a trial: enough sessions for every role, few masters in the field-service system, empty books in the ERP. An ERP in
    which customers are matched and never created gets those of the field-service system, so that `match` finds them."""
    own = dict(demo_of(system).simulator_settings(1))
    if system == registry.FIELD_SERVICE:
        return own | _FEW
    kept = {f"{entity}s" for entity in registry.system(system).asked_for}
    return own | {key: value for key, value in _NONE.items() if key in own and key not in kept}


async def join(folder: Path, lines: list[dict[str, Any]]) -> Path:
    """Write to `folder` a live connection between these simulators (their ready lines: field service, then ERP), a key ring, and the
    settings to export; let the source send its webhooks to the port of the ingress. Returns the connection's file."""
    erp = lines[1]["system"]
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - once, before anything runs
    processes = Processes(folder.resolve(), {}, ingress_port=free_ports(1)[0])  # noqa: ASYNC240 - as above
    simulators = Simulators(processes)
    joined = Joined(erp, Share(0, 0, 0, 1.0), processes, simulators)
    processes.simulators = {joined.simulator(line["system"]): line for line in lines}
    joined.write_files("live")
    ring = processes.folder / "keys.json"
    if not ring.exists():
        write_ring(ring, KeyRing((new_key(datetime.now(UTC)),)))
    own = {
        "ML_CONNECTOR_PROFILE": "demo",
        "ML_CONNECTOR_STATE_DIR": str(processes.folder / "state"),
        "ML_CONNECTOR_KEY_RING": str(ring),
        "ML_CONNECTOR_INGRESS__PORT": str(processes.ingress_port),
    }
    secrets = {key: value for key, value in os.environ.items() if key.startswith(_SECRETS)}
    try:
        await joined.listen({})
    finally:
        await simulators.close()
    _write(processes.folder / SETTINGS, own | secrets)
    return joined.file


def _write(path: Path, settings: dict[str, str]) -> None:
    """Write lines for the shell to source, readable by their owner only."""
    text = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in settings.items())
    path.touch(mode=0o600)
    path.write_text(text)
