"""The lists of values that a connection is checked against, and the customer account sites.

Sources: farfa "Get Enterprise Structures" and "Get General Ledger Setups" pages (which lists there are, their privileges),
FIN:Find_Receivables_Customer_Account_Sites (finder and row). Names and attributes of the lists of receivables and receiving are assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.answers import bad
from systems.oracle_fusion.simulator.pod import Pod, money, plain
from systems.oracle_fusion.simulator.resources import Resource
from systems.oracle_fusion.simulator.rules.receipts import applications_of
from systems.oracle_fusion.simulator.rules.setup import numbers_itself
from systems.oracle_fusion.simulator.seed.company import (
    BUSINESS_UNITS,
    CALENDAR,
    CHART,
    CHART_ID,
    DATA_ACCESS_SET_ID,
    LEDGER,
    LEDGER_ID,
    LEGAL_ENTITY,
    LEGAL_ENTITY_ID,
    LEGAL_ENTITY_NUMBER,
    ORGANIZATION,
    ORGANIZATION_ID,
    ORGANIZATION_NAME,
)
from systems.oracle_fusion.simulator.seed.customers import KIND as SITES
from systems.oracle_fusion.simulator.seed.items import UNITS
from systems.oracle_fusion.simulator.seed.journals import CATEGORIES, JOURNAL_SOURCES
from systems.oracle_fusion.simulator.seed.ledger import COMBINATIONS, END, ENDED, PERIODS, value_sets
from systems.oracle_fusion.simulator.seed.receivables import ENDED as SETUP_ENDED
from systems.oracle_fusion.simulator.seed.receivables import ENDED_NAMES, METHODS, SOURCES, TAXES, TERMS, TYPES
from systems.oracle_fusion.simulator.seed.suppliers import blank

ENTERPRISE, GL_SETUP = "FUN_GET_ENTERPRISE_STRUCTURES_REST_SERVICE_PRIV", "GL_GET_GENERAL_LEDGER_SETUPS_USING_REST_SERVICE_PRIV"
_AR_SETUP, _AR_ACTIVITIES = "AR_GET_RECEIVABLES_SETUP_USING_REST_SERVICE_PRIV", "AR_REVIEW_CUSTOMER_ACCOUNT_ACTIVITIES_PRIV"
_INVENTORY = "INV_VIEW_INVENTORY_SETUP_USING_REST_SERVICE_PRIV"
_BEGUN = "2020-01-01"


def _of(name: str, make: Callable[[Pod], list[Row]]) -> Callable[[Pod], list[Row]]:
    return lambda pod: [blank(name) | row for row in make(pod)]


def _life(name: str) -> Row:
    return {"StartDate": _BEGUN, "EndDate": SETUP_ENDED if name in ENDED_NAMES else None}


def _ledgers(pod: Pod) -> list[Row]:
    row = {"LedgerId": LEDGER_ID, "Name": LEDGER, "LedgerCategoryCode": "PRIMARY", "ChartOfAccountsId": CHART_ID}
    return [row | {"CurrencyCode": pod.settings.currency, "PeriodSetName": CALENDAR, "AccountedPeriodType": "Month"}]


def _sources(pod: Pod) -> list[Row]:
    rows: list[Row] = []
    for place, (name, _) in enumerate(SOURCES):
        automatic = name in ENDED_NAMES or numbers_itself(pod, name)
        for unit, _ in BUSINESS_UNITS:
            row = {"TransactionSourceId": 300000047100001 + 100 * place + len(rows), "Name": name, "BusinessUnit": unit}
            rows.append(row | {"AutomaticTransactionNumbering": "Y" if automatic else "N"} | _life(name))
    return rows


def _types(_: Pod) -> list[Row]:
    return [
        {"TransactionTypeId": 300000047110001 + place, "Name": name, "TransactionClass": of, "BusinessUnit": unit} | _life(name)
        for place, (name, of) in enumerate(TYPES)
        for unit, _ in BUSINESS_UNITS
    ]


def _methods(pod: Pod) -> list[Row]:
    return [
        {
            "ReceiptMethodId": 300000047120001 + place,
            "Name": method.name,
            "BankAccountNumber": method.bank_account,
            "BusinessUnit": unit,
        }
        | {"Currency": pod.settings.currency}
        | _life(method.name)
        for place, method in enumerate(METHODS)
        for unit, _ in BUSINESS_UNITS
    ]


def _values(_: Pod) -> list[Row]:
    rows = []
    for number, (code, values) in enumerate(value_sets().items()):
        ended = ENDED.get({"ACME_ACCOUNT": "Account", "ACME_COST_CENTER": "CostCenter"}.get(code, ""), set())
        listed = [
            blank("valueSets.values")
            | {"ValueId": 300000047200001 + 1000 * number + place, "Value": value, "Description": name, "StartDateActive": _BEGUN}
            | {"EnabledFlag": "N" if value in ended else "Y", "EndDateActive": END if value in ended else None}
            for place, (value, name) in enumerate(values)
        ]
        rows.append({"ValueSetId": 300000047200000 + number, "ValueSetCode": code, "Description": code, "values": listed})
    return rows


def _set_of(pod: Pod, key: str) -> Row | None:
    return next((row for row in _values(pod) if row["ValueSetCode"] == key), None)


_VARIABLES = frozenset({"AccountNumber", "BillToSiteNumber", "CustomerName", "TaxpayerIdentificationNumber"})


def sites(pod: Pod, variables: Mapping[str, str]) -> list[Row]:
    """The finder CustomerAccountSiteActivitiesFinder: at least one of its variables, all of them exact. Raises 400."""
    if not variables or variables.keys() - _VARIABLES:
        raise bad(f"CustomerAccountSiteActivitiesFinder takes {', '.join(sorted(_VARIABLES))}.", "JBO-25058")
    first, text = next(iter(variables.items()))
    rows = pod.rows_with(SITES, first, text) if pod.is_found_by(SITES, first) else pod.rows(SITES)
    return [_with_totals(pod, row) for row in rows if all(row.get(name) == value for name, value in variables.items())]


def _with_totals(pod: Pod, row: Row) -> Row:
    invoices = [
        one
        for one in pod.rows_with("receivablesInvoices", "BillToCustomerNumber", row["AccountNumber"])
        if one["InvoiceStatus"] == "Complete" and one["BillToSite"] == row["BillToSiteNumber"]
    ]
    due = sum((money(one["InvoiceBalanceAmount"]) for one in invoices), Decimal(0))
    unapplied = sum(
        (
            money(one["UnappliedAmount"])
            for one in pod.rows_with("standardReceipts", "CustomerAccountNumber", row["AccountNumber"])
            if one["CustomerSite"] == row["BillToSiteNumber"]
        ),
        Decimal(0),
    )
    totals = {"TotalTransactionsDueForSite": plain(due), "TotalOpenReceivablesForSite": plain(due - unapplied)}
    return row | totals | {APPLICATIONS: applications_of(pod, row)}


APPLICATIONS = "standardReceiptApplications"


def _site(pod: Pod, key: str) -> Row | None:
    row = pod.get(SITES, key)
    return None if row is None else _with_totals(pod, row)


def _finder(name: str, known: tuple[str, ...]) -> Callable[[Pod, Mapping[str, str]], list[Row]]:
    """A finder of stored rows by the values of some of their attributes."""

    def find(pod: Pod, variables: Mapping[str, str]) -> list[Row]:
        if variables.keys() - set(known):
            raise bad(f"The finder takes {', '.join(known)}.", "JBO-25058")
        return [row for row in pod.rows(name) if all(str(row.get(key)) == value for key, value in variables.items())]

    return find


LISTS: tuple[Resource, ...] = (
    Resource(SITES, read=_AR_ACTIVITIES, finders={"CustomerAccountSiteActivitiesFinder": sites}, needs_finder=True, row=_site),
    Resource("ledgersLOV", read=ENTERPRISE, rows=_of("ledgersLOV", _ledgers)),
    Resource(
        "legalEntitiesLOV",
        read=ENTERPRISE,
        rows=lambda _: [{"LegalEntityId": LEGAL_ENTITY_ID, "Name": LEGAL_ENTITY, "LegalEntityIdentifier": LEGAL_ENTITY_NUMBER}],
    ),
    Resource("chartOfAccountsLOV", read=ENTERPRISE, rows=lambda _: [{"StructureInstanceId": CHART_ID, "Name": CHART}]),
    Resource(
        COMBINATIONS,
        read=ENTERPRISE,
        finders={
            "AccountCombinationFinder": _finder(
                COMBINATIONS, ("_CHART_OF_ACCOUNTS_ID", "_CODE_COMBINATION_ID", "Company", "CostCenter", "Account", "Location")
            )
        },
    ),
    Resource(PERIODS, read=ENTERPRISE),
    Resource(
        "finBusinessUnitsLOV",
        read=ENTERPRISE,
        units="BusinessUnitName",
        rows=lambda _: [
            {"BusinessUnitId": key, "BusinessUnitName": name, "LedgerId": LEDGER_ID, "LegalEntityId": LEGAL_ENTITY_ID}
            for name, key in BUSINESS_UNITS
        ],
    ),
    Resource("dataAccessSetsLOV", read=GL_SETUP, rows=lambda _: [{"DataAccessSetId": DATA_ACCESS_SET_ID, "Name": LEDGER}]),
    Resource(
        "journalSourcesLOV", read=GL_SETUP, rows=lambda _: [{"JeSourceName": n, "UserJeSourceName": n} for n in JOURNAL_SOURCES]
    ),
    Resource(
        "journalCategoriesLOV", read=GL_SETUP, rows=lambda _: [{"JeCategoryName": n, "UserJeCategoryName": n} for n in CATEGORIES]
    ),
    Resource("transactionSourcesLOV", read=_AR_SETUP, units="BusinessUnit", rows=_of("transactionSourcesLOV", _sources)),
    Resource("transactionTypesLOV", read=_AR_SETUP, units="BusinessUnit", rows=_of("transactionTypesLOV", _types)),
    Resource(
        "receivablesPaymentTermsLOV",
        read=_AR_SETUP,
        rows=lambda _: [
            {"TermId": 300000047130001 + place, "Name": name, "Description": f"Due in {days} days"} | _life(name)
            for place, (name, days) in enumerate(TERMS)
        ],
    ),
    Resource("receiptMethodsLOV", read=_AR_SETUP, units="BusinessUnit", rows=_of("receiptMethodsLOV", _methods)),
    Resource(
        "taxClassificationsLOV",
        read=_AR_SETUP,
        rows=lambda _: [
            {"LookupCode": code, "Meaning": code, "StartDateActive": _BEGUN, "EndDateActive": None} for code, _, _ in TAXES
        ],
    ),
    Resource(
        "unitsOfMeasure",
        read=_INVENTORY,
        rows=lambda _: [
            {"UnitOfMeasureId": 300000047140001 + n, "UOMCode": code, "UOM": name} for n, (code, name) in enumerate(UNITS)
        ],
    ),
    Resource(
        "inventoryOrganizations",
        read=_INVENTORY,
        rows=lambda _: [
            {"OrganizationId": ORGANIZATION_ID, "OrganizationCode": ORGANIZATION, "OrganizationName": ORGANIZATION_NAME}
        ],
    ),
    Resource("valueSets", read=GL_SETUP, rows=_values, row=_set_of),
)
