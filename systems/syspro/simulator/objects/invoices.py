"""APSTIN: invoices of suppliers, and credit notes, debit notes and adjustments of them.

Sources: element trees and parameters; code I needs a number that the supplier does not have yet, A, C and D one that it has; dates default to the
system date. Assumed: the distribution has to add up to the value less tax, freight and miscellaneous charges (memory); a supplier that requires
matched goods received notes accepts no invoice without them (memory); the key of the answer; a credit note reduces and a debit note increases what is
owed, and an adjustment has its sign; each of the three becomes a row of ApInvoicePay with the reference as PaymentReference and its code as TrnType;
a supplier on hold is a warning; amounts of I, C and D are above zero. Not simulated: goods received notes, automatic tax, other currencies,
withholding tax, analysis, the codes P, V and E.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from runtime.simulator.records import Row
from systems.syspro.simulator.company import Company, cents, money, new_row
from systems.syspro.simulator.objects.fields import amount, date_of, fits, ledger_code
from systems.syspro.simulator.periods import Month, posting_month
from systems.syspro.simulator.posting import Object, Outcome, Work
from systems.syspro.simulator.reading import Part

LOCAL = "USD"
PAYABLES, TAX, FREIGHT, CHARGES = "2000-00", "2300-00", "5400-00", "5900-00"
_NOTES = 30
_SIGNS = {"I": 1, "C": -1, "D": 1, "A": 1}
_BACK = {"C": 1, "P": 2, "B": 3}


@dataclass
class _Entry:
    """The request, as far as it could be read. `value` is the increase of what the supplier is owed, `dates` are those of the invoice by column."""

    item: Part
    supplier: Row
    outcome: Outcome
    code: str
    value: Decimal = Decimal(0)
    lines: list[Row] = field(default_factory=list)
    dates: dict[str, str] = field(default_factory=dict)
    month: Month = field(default_factory=lambda: Month(1, 1))


def take_invoice(work: Work, item: Part) -> Outcome:
    """One item of the document."""
    outcome = Outcome(errors=list(item.errors))
    supplier = _supplier(work, item, outcome)
    entry = _Entry(item, supplier or new_row("ApSupplier"), outcome, item["TransactionCode"] or "I")
    _judge_numbers(work, entry)
    _judge_value(work, entry)
    entry.dates = _dates(work.company, entry)
    month = posting_month(work.company, work.parameters["PostingPeriod"] or "C")
    if isinstance(month, Month):
        entry.month = month
    else:
        outcome.errors.append(month)
    if not outcome.errors:
        _judge_balance(work, entry)
    if not outcome.errors:
        row = _invoice(work, entry) if entry.code == "I" else _noted(work, entry)
        outcome.key = [("Supplier", row["Supplier"]), ("Invoice", row["Invoice"]), ("Journal", row["Journal"])]
    return outcome


def _supplier(work: Work, item: Part, outcome: Outcome) -> Row | None:
    code = item["Supplier"]
    found = work.row("ApSupplier", code) if code else None
    if not code:
        outcome.blank("Supplier")
    elif found is None:
        outcome.wrong("Supplier", code, 110001, f"Supplier '{code}' not found")
    elif found["Currency"] != LOCAL:
        outcome.wrong(
            "Supplier", code, 110008, f"Supplier '{code}' has the currency {found['Currency']}, which needs an exchange rate"
        )
    elif found["OnHold"] == "Y":
        outcome.warnings.append(f"Supplier '{code}' is on hold")
    if found is not None and found["GrnMatchReqd"] == "Y" and item["TransactionCode"] == "I":
        outcome.wrong("GrnDetails", "", 110009, f"Supplier '{code}' requires invoices to be matched to goods received notes")
    if item.some("GrnDetails"):
        outcome.wrong("GrnDetails", item.some("GrnDetails")[0]["GrnDetailKey"], 110010, "Goods received note not found")
    return found


def _judge_numbers(work: Work, entry: _Entry) -> None:
    item, outcome = entry.item, entry.outcome
    number = fits(outcome, item, "Invoice", 20)
    held = work.row("ApInvoice", item["Supplier"], number) if number else None
    if not number:
        outcome.blank("Invoice")
    elif entry.code not in _SIGNS:
        outcome.wrong("TransactionCode", entry.code, 110011, f"Transaction code '{entry.code}' cannot be posted")
    elif entry.code == "I" and held is not None:
        outcome.wrong("Invoice", number, 110002, f"Invoice '{number}' already exists for supplier '{item['Supplier']}'")
    elif entry.code != "I" and held is None:
        outcome.wrong("Invoice", number, 110003, f"Invoice '{number}' not found for supplier '{item['Supplier']}'")
    for name in ("TransactionReference", "Notation", "JournalNotation"):
        fits(outcome, item, name, _NOTES)
    branch = item["Branch"] or entry.supplier["Branch"]
    if branch and work.company.row("ApBranch", branch) is None:
        outcome.wrong("Branch", branch, 110004, f"Branch '{branch}' not found")


def _judge_value(work: Work, entry: _Entry) -> None:
    """Read the value and its distribution, which have to agree."""
    item, outcome = entry.item, entry.outcome
    told = amount(outcome, item, "TransactionValue", is_required=True)
    if outcome.says_nothing_of("TransactionValue") and (told == 0 or (told < 0 and entry.code != "A")):
        outcome.wrong("TransactionValue", item["TransactionValue"], 110005, "Transaction value must be greater than zero")
    taxes = amount(outcome, item, "TaxValue") + amount(outcome, item, "SecondTaxValue")
    amount(outcome, item, "DiscountAdjustment")
    extras = {TAX: taxes, FREIGHT: amount(outcome, item, "FreightCharge"), CHARGES: amount(outcome, item, "MiscellaneousCharge")}
    if work.parameters["AutomaticTaxCalculation"] == "Y":
        outcome.wrong("TaxValue", item["TaxValue"], 110012, "Automatic tax calculation is not installed")
    lines = _distribution(work.company, item, outcome)
    rest = told - sum(extras.values())
    shared = sum((money(line["amount"]) for line in lines), Decimal(0))
    if not lines:
        outcome.wrong("LedgerDistribution", "", 110006, "Ledger distribution entries are required")
    elif shared != rest and not outcome.errors:
        words = f"Ledger distribution of {cents(shared)} does not equal the {cents(rest)} to be distributed"
        outcome.wrong("LedgerDistribution", cents(shared), 110007, words)
    sign = _SIGNS.get(entry.code, 1)
    entry.value = sign * told
    lines += [{"account": code, "amount": cents(value), "notation": ""} for code, value in extras.items() if value]
    entry.lines = [line | {"amount": cents(sign * money(line["amount"]))} for line in lines]


def _distribution(company: Company, item: Part, outcome: Outcome) -> list[Row]:
    lines = []
    for part in item.some("LedgerDistribution"):
        outcome.errors += part.errors
        code = part["LedgerCode"]
        if not code:
            outcome.blank("LedgerCode")
        else:
            ledger_code(outcome, company, "LedgerCode", code)
        value = amount(outcome, part, "LedgerValue", is_required=True)
        lines.append({"account": code, "amount": cents(value), "notation": fits(outcome, part, "LedgerNotation", _NOTES)})
    return lines


def _invoice(work: Work, entry: _Entry) -> Row:
    item, company, value = entry.item, work.company, cents(entry.value)
    row = new_row(
        "ApInvoice",
        Supplier=item["Supplier"],
        Invoice=item["Invoice"],
        Branch=item["Branch"] or entry.supplier["Branch"],
        **entry.dates,
        JournalDate=company.today().isoformat(),
        Journal=journal(work),
        Reference=item["TransactionReference"],
        OrigInvValue=value,
        OrigDiscValue=cents(money(item["DiscountAdjustment"])),
        Currency=entry.supplier["Currency"],
        PostCurrency=entry.supplier["Currency"],
        CurrencyValue=value,
        Bank=entry.supplier["Bank"],
        InvoiceYear=str(entry.month.year),
        InvoiceMonth=str(entry.month.month),
        ExchangeRate="1.000000",
        ConvRate="1.000000",
        MulDiv="M",
        FirstTaxCode=item["TaxCode"],
        SecondTaxCode=item["SecondTaxCode"],
        Tax2Value=cents(money(item["SecondTaxValue"])),
        TotalAdjustments="0.00",
        NextPaymEntry="1",
        EntryNumber="1",
        DiscActiveFlag="Y",
        FixExchangeRate="N",
        InvoiceTakeOn="N",
    )
    row |= _balances(row, entry.value, work.parameters["PostingPeriod"] or "C")
    row |= {"_lines": entry.lines, "_notation": item["Notation"], "_tax": item["TaxValue"] or "0.00"}
    work.put("ApInvoice", row, "create", "APSTIN I")
    _owed(work, entry)
    return row


def _dates(company: Company, entry: _Entry) -> dict[str, str]:
    """The dates of an invoice by column."""
    item, outcome = entry.item, entry.outcome
    invoiced = date_of(outcome, item, "InvoiceDate", company.today())
    due = date_of(outcome, item, "DueDate", _due(company, entry.supplier, invoiced))
    discount = date_of(outcome, item, "DiscountDate", invoiced)
    return {"InvoiceDate": invoiced.isoformat(), "DueDate": due.isoformat(), "DiscountDate": discount.isoformat()}


def _due(company: Company, supplier: Row, invoiced: date) -> date:
    terms = company.row("TblApTerms", supplier["TermsCode"]) or {}
    return invoiced + timedelta(days=int(terms.get("DueDays") or 0))


def _noted(work: Work, entry: _Entry) -> Row:
    """A credit note, debit note or adjustment of an existing invoice."""
    item = entry.item
    held = work.row("ApInvoice", item["Supplier"], item["Invoice"]) or new_row("ApInvoice")
    number = held["NextPaymEntry"]
    made = new_row(
        "ApInvoicePay",
        Supplier=held["Supplier"],
        Invoice=held["Invoice"],
        EntryNumber=number,
        TrnType=entry.code,
        JournalDate=work.company.today().isoformat(),
        Journal=journal(work),
        PaymentReference=item["TransactionReference"],
        TrnValue=cents(entry.value),
        PostValue=cents(entry.value),
        PostCurrency=held["Currency"],
        TrnYear=str(entry.month.year),
        TrnMonth=str(entry.month.month),
    )
    made |= {"_lines": entry.lines, "_notation": item["Notation"]}
    changed = held | _balances(held, entry.value, work.parameters["PostingPeriod"] or "C")
    changed |= {"TotalAdjustments": cents(money(held["TotalAdjustments"]) + entry.value), "NextPaymEntry": str(int(number) + 1)}
    work.put("ApInvoicePay", made, "create", f"APSTIN {entry.code}")
    work.put("ApInvoice", changed, "")
    _owed(work, entry)
    return made


def _judge_balance(work: Work, entry: _Entry) -> None:
    """Warn about or refuse an entry that takes more off an invoice than remains of it, as the setting `credit_over_balance` says."""
    held = work.row("ApInvoice", entry.item["Supplier"], entry.item["Invoice"]) or {}
    before = money(held.get("MthInvBal1", ""))
    left = before + entry.value
    if entry.code == "I" or left >= 0 or before < 0:
        return
    words = f"Invoice '{entry.item['Invoice']}' would have a balance of {cents(left)}"
    form = work.company.settings.credit_over_balance
    if form == "warn":
        entry.outcome.warnings.append(words)
    if form == "refuse":
        entry.outcome.wrong("TransactionValue", entry.item["TransactionValue"], 110013, words)


def _balances(row: Row, value: Decimal, period: str) -> Row:
    """The balances of this month and the previous ones, back to the period that is posted to."""
    return {name: cents(money(row[name]) + value) for name in [f"MthInvBal{place}" for place in range(1, _BACK[period] + 1)]}


def _owed(work: Work, entry: _Entry) -> None:
    held = work.row("ApSupplier", entry.item["Supplier"]) or entry.supplier
    today = work.company.today().isoformat()
    changed = held | {"CurrentBalance": cents(money(held["CurrentBalance"]) + entry.value), "LastPurchDate": today}
    work.put("ApSupplier", changed | {"FirstPurchDate": held["FirstPurchDate"] or today}, "")


def journal(work: Work, series: str = "journal.ap") -> str:
    """The journal of this document: one for all its items; none for a document that is only validated."""
    if work.parameters.texts.get("ValidateOnly") == "Y":
        return ""
    if not work.journal:
        work.journal = work.company.number(series, first=101)
    return work.journal


INVOICES = Object("APSTIN", "7.0.014", "Item", take_invoice)
