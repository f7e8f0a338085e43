"""On-account credit memos. The REST API has no way to apply one to an invoice: a person does that, or AutoMatch.

Sources: FIN:Create_an_On_Account_Credit_Memo_with_Lines and variants, Get_Started_Receivables_Credit_Memos. Assumed: it is created complete, is
numbered like invoices, and PATCH changes only CreditMemoComments.
"""

from __future__ import annotations

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.answers import bad
from systems.oracle_fusion.simulator.pod import Pod, cents
from systems.oracle_fusion.simulator.rules.billing import CREDIT, distributions_of, lines_of, total_of
from systems.oracle_fusion.simulator.rules.invoices import number_of
from systems.oracle_fusion.simulator.rules.ledger import refuse_closed
from systems.oracle_fusion.simulator.rules.setup import refuse_currency, refuse_derived, refuse_type, refuse_unit, require, site_of
from systems.oracle_fusion.simulator.seed.company import LEGAL_ENTITY_NUMBER
from systems.oracle_fusion.simulator.seed.suppliers import blank

KIND = CREDIT.kind
_REQUIRED = (
    "BusinessUnit",
    "TransactionSource",
    "TransactionType",
    "TransactionDate",
    "CreditMemoCurrency",
    "BillToCustomerNumber",
    CREDIT.lines,
)
_DERIVED = ("CustomerTransactionId", "EnteredAmount", "AvailableBalance", "CreditMemoStatus")


def create(pod: Pod, draft: Row) -> Row:
    """A new complete credit memo. Raises 400."""
    require(draft, _REQUIRED)
    refuse_derived(draft, _DERIVED)
    refuse_unit(pod, draft["BusinessUnit"])
    refuse_type(draft["TransactionType"], ("CM",))
    refuse_currency(pod, draft["CreditMemoCurrency"], "CreditMemoCurrency")
    site = site_of(pod, draft["BillToCustomerNumber"], draft.get("BillToCustomerName"), draft.get("BillToSite"))
    day = draft.get("AccountingDate") or draft["TransactionDate"]
    refuse_closed(pod, day, "AR", "AccountingDate")
    lines = lines_of(pod, CREDIT, draft)
    total = total_of(lines)
    if total >= 0:
        raise bad("The total does not have the sign of the transaction type.", "AR-855122", "UnitSellingPrice")
    number = number_of(pod, KIND, draft)
    row = (
        blank(KIND)
        | draft
        | {
            "CustomerTransactionId": pod.new_id(),
            "TransactionNumber": number,
            "BillToCustomerName": site["CustomerName"],
            "BillToSite": site["BillToSiteNumber"],
            "AccountingDate": day,
            "LegalEntityIdentifier": LEGAL_ENTITY_NUMBER,
            "CreditMemoStatus": "Complete",
            "EnteredAmount": cents(total),
            "AvailableBalance": cents(total),
            CREDIT.lines: lines,
            CREDIT.distributions: distributions_of(pod, CREDIT, draft, lines, day),
        }
    )
    return pod.save(KIND, row, "create")


def change(pod: Pod, row: Row, draft: Row) -> Row:
    """PATCH of the comments. Raises 400."""
    forbidden = next((name for name in draft if name != "CreditMemoComments"), None)
    if forbidden:
        raise bad(f"The attribute {forbidden} cannot be updated.", "JBO-27008", forbidden)
    return pod.save(KIND, row | draft, "update")
