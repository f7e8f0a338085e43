"""What invoices and credit memos have in common: lines with their tax lines, and the distributions that override AutoAccounting.

Sources: FIN:Create_an_Invoice_with_Lines, ..._with_Manual_Tax_Lines, ..._with_Manual_Distributions, Create_an_On_Account_Credit_Memo. That
distributions have to agree to the cent with lines and tax, and a class that is left out comes from AutoAccounting, is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.answers import bad
from systems.oracle_fusion.simulator.pod import Pod, cents, money
from systems.oracle_fusion.simulator.rules.ledger import refuse_combination
from systems.oracle_fusion.simulator.rules.setup import require
from systems.oracle_fusion.simulator.seed.items import BY_NUMBER, UNIT_NAMES
from systems.oracle_fusion.simulator.seed.receivables import FREIGHT, RECEIVABLE, REVENUE, TAX, TAX_RATES, TAXES
from systems.oracle_fusion.simulator.seed.suppliers import blank

_CLASSES = ("Revenue", "Receivable", "Tax", "Freight")
_AUTOMATIC = {"Revenue": REVENUE, "Receivable": RECEIVABLE, "Tax": TAX, "Freight": FREIGHT}
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Form:
    """The names of the children and members of a kind of document."""

    kind: str
    lines: str
    taxes: str
    distributions: str
    line_number: str
    quantity: str
    description: str


INVOICE = Form(
    "receivablesInvoices",
    "receivablesInvoiceLines",
    "receivablesInvoiceLineTaxLines",
    "receivablesInvoiceDistributions",
    "InvoiceLineNumber",
    "Quantity",
    "Description",
)
CREDIT = Form(
    "receivablesCreditMemos",
    "receivablesCreditMemoLines",
    "receivablesCreditMemoLineTaxLines",
    "receivablesCreditMemoDistributions",
    "CreditMemoLineNumber",
    "LineQuantityCredit",
    "LineDescription",
)


def lines_of(pod: Pod, form: Form, draft: Row) -> list[Row]:
    """The lines of a draft, checked, with ids, tax lines and the hidden `_amount` and `_tax`. Raises 400."""
    lines = [_line(pod, form, one) for one in draft[form.lines]]
    numbers = [money(line["LineNumber"]) for line in lines]
    if len(set(numbers)) != len(numbers) or any(number < 1 or number % 1 for number in numbers):
        raise bad("The line numbers have to be whole and different.", "AR-855101", "LineNumber")
    return lines


def _line(pod: Pod, form: Form, sent: Row) -> Row:
    require(sent, ("LineNumber", form.description, form.quantity, "UnitSellingPrice"))
    if sent.get("UnitOfMeasure") and sent["UnitOfMeasure"] not in UNIT_NAMES.values():
        raise bad(f"The unit of measure {sent['UnitOfMeasure']} is not valid.", "AR-855102", "UnitOfMeasure")
    if sent.get("ItemNumber") and sent["ItemNumber"] not in BY_NUMBER:
        raise bad(f"The item {sent['ItemNumber']} is not valid.", "AR-855103", "ItemNumber")
    code = sent.get("TaxClassificationCode")
    if code and code not in TAX_RATES:
        raise bad(f"The tax classification {code} is not valid.", "AR-855104", "TaxClassificationCode")
    amount = (money(sent[form.quantity]) * money(sent["UnitSellingPrice"])).quantize(_CENT, ROUND_HALF_UP)
    taxes = [_tax(pod, form, one, place) for place, one in enumerate(sent.get(form.taxes) or [], 1)]
    if not taxes and code and pod.settings.tax_engine:
        rate = Decimal(TAX_RATES[code])
        computed = {
            "TaxAmount": cents((amount * rate).quantize(_CENT, ROUND_HALF_UP)),
            "TaxRegimeCode": TAXES[0][1],
            "TaxRateCode": code,
        }
        taxes = [_tax(pod, form, computed, 1)]
    tax = sum((money(one["TaxAmount"]) for one in taxes), Decimal(0))
    key = {"CustomerTransactionLineId": pod.new_id(), "_amount": cents(amount), "_tax": cents(tax)}
    if form is CREDIT:
        key["LineAmountCredit"] = cents(amount)
    return blank(f"{form.kind}.{form.lines}") | sent | {form.taxes: taxes} | key


def _tax(pod: Pod, form: Form, sent: Row, number: int) -> Row:
    require(sent, ("TaxAmount", "TaxRegimeCode", "TaxRateCode"))
    if (sent["TaxRateCode"], sent["TaxRegimeCode"]) not in {(code, regime) for code, regime, _ in TAXES}:
        raise bad(f"The tax rate {sent['TaxRateCode']} of {sent['TaxRegimeCode']} is not valid.", "AR-855105", "TaxRateCode")
    if money(sent["TaxAmount"]) % _CENT:
        raise bad("The tax amount has more than two places.", "AR-855106", "TaxAmount")
    key = {"CustomerTransactionLineId": pod.new_id(), "DetailedTaxLineNumber": str(number)}
    return blank(f"{form.kind}.{form.lines}.{form.taxes}") | sent | key


def total_of(lines: Iterable[Row]) -> Decimal:
    """Lines and tax."""
    return sum((money(line["_amount"]) + money(line["_tax"]) for line in lines), Decimal(0))


def distributions_of(pod: Pod, form: Form, draft: Row, lines: list[Row], day: str) -> list[Row]:
    """The distributions of a document: those that were sent, and AutoAccounting for the classes that were not. Raises 400."""
    sent = [_distribution(pod, form, one, lines, day) for one in draft.get(form.distributions) or []]
    given = {one["AccountClass"] for one in sent}
    for account_class in given:
        _refuse_sums(form, account_class, sent, lines)
    return sent + [
        one for account_class in _CLASSES if account_class not in given for one in _automatic(pod, form, account_class, lines)
    ]


def _bases(account_class: str, lines: list[Row]) -> dict[Decimal, Decimal]:
    """The amount that the distributions of a class must add up to, by line number; 0 is the whole document."""
    if account_class == "Receivable":
        return {Decimal(0): total_of(lines)}
    member = {"Revenue": "_amount", "Tax": "_tax"}.get(account_class)
    return {money(line["LineNumber"]): money(line[member]) for line in lines} if member else {Decimal(0): Decimal(0)}


def _distribution(pod: Pod, form: Form, sent: Row, lines: list[Row], day: str) -> Row:
    require(sent, ("AccountClass", "AccountCombination"))
    account_class = sent["AccountClass"]
    if account_class not in _CLASSES:
        raise bad(f"The account class {account_class} is not valid.", "AR-855110", "AccountClass")
    bases, number = _bases(account_class, lines), money(sent.get(form.line_number))
    if number not in bases:
        raise bad(f"The distribution names the line {number}, which is not there.", "AR-855111", form.line_number)
    if (sent.get("Amount") is None) == (sent.get("Percent") is None):
        raise bad("A distribution has either an amount or a percentage.", "AR-855112", "Amount")
    amount = money(sent["Amount"]) if sent.get("Amount") is not None else bases[number] * money(sent["Percent"]) / 100
    if amount % _CENT:
        raise bad("The amount of a distribution has more than two places.", "AR-855113", "Amount")
    refuse_combination(pod, sent["AccountCombination"], day, "AccountCombination")
    return blank(f"{form.kind}.{form.distributions}") | sent | {"Amount": cents(amount), "DistributionId": pod.new_id()}


def _refuse_sums(form: Form, account_class: str, sent: list[Row], lines: list[Row]) -> None:
    for number, base in _bases(account_class, lines).items():
        parts = [one for one in sent if one["AccountClass"] == account_class and money(one.get(form.line_number)) == number]
        if sum((money(one["Amount"]) for one in parts), Decimal(0)) != base:
            words = f"The {account_class} distributions of line {number} do not come to {base:.2f}."
            raise bad(words, "AR-855114", "Amount")


def _automatic(pod: Pod, form: Form, account_class: str, lines: list[Row]) -> list[Row]:
    rows = []
    for number, base in _bases(account_class, lines).items():
        if base or account_class == "Receivable":
            rows.append(
                blank(f"{form.kind}.{form.distributions}")
                | {
                    "DistributionId": pod.new_id(),
                    form.line_number: str(number) if number else None,
                    "AccountClass": account_class,
                    "AccountCombination": _AUTOMATIC[account_class],
                    "Amount": cents(base),
                }
            )
    return rows
