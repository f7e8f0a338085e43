"""Create Accounting: posts complete receivables documents to the general ledger. Once posted, an invoice allows fewer changes."""

from __future__ import annotations

from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.rules.invoices import COMPLETE
from systems.oracle_fusion.simulator.rules.invoices import KIND as INVOICES


def account(pod: Pod) -> int:
    """Account and post every complete invoice that is not posted yet; returns how many there were."""
    rows = [row for row in pod.rows(INVOICES) if row["InvoiceStatus"] == COMPLETE and not row.get("_accounted")]
    pod.commit([pod.untouched(INVOICES, row | {"_accounted": True}, "account") for row in rows])
    return len(rows)
