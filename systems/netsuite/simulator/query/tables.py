"""The tables that SuiteQL shows, and the rows that each record has in them.

Sources: columns as public seeds of the analytic tables name them. Assumed: `externalid`, `tranid`, `lastmodifieddate`, the link tables, and that a
deposit is linked to what was taken of it. A column's kind: `i` an integer (`i:vendor` the id of a vendor), `n` a number, `t` a text, `b` 'T' or 'F',
`d` a day, `s` an instant in the account's zone, `m` several ids as `1, 3`. Days and instants carry a mark, so that a result shows them in the user's
format unless TO_CHAR formatted them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from systems.netsuite.simulator.account import Account, Row, applying, left, money
from systems.netsuite.simulator.dates import local
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.simulator.rules.ledger import Line, lines_of
from systems.netsuite.simulator.rules.work import is_posted

MARK = "\x01"
"""The first character of every day and instant in the database."""
_ENTITY = """id:i entityid:t:entityId companyname:t:companyName altname:t:_name firstname:t:firstName lastname:t:lastName email:t phone:t
isinactive:b:isInactive isperson:b:isPerson currency:i>currency externalid:t:externalId datecreated:s:dateCreated
lastmodifieddate:s:lastModifiedDate"""
_TREE = """id:i name:t fullname:t:fullName parent:i>{} isinactive:b:isInactive externalid:t:externalId
lastmodifieddate:s:lastModifiedDate"""
_MASTERS = {
    "vendor": f"""{_ENTITY} legalname:t:legalName category:i terms:i>term expenseaccount:i>account:expenseAccount
        payablesaccount:i>account:payablesAccount accountnumber:t:accountNumber taxidnum:t:taxIdNum creditlimit:n:creditLimit comments:t
        printoncheckas:t:printOnCheckAs is1099eligible:b:is1099Eligible defaultbillingaddress:i:_address url:t fax:t""",
    "customer": f"""{_ENTITY} terms:i>term parent:i>customer receivablesaccount:i>account:receivablesAccount creditlimit:n:creditLimit
        taxable:b accountnumber:t:accountNumber comments:t defaultbillingaddress:i:_address""",
    "job": f"{_ENTITY} customer:i>customer parent:i>customer startdate:d:startDate",
    "department": f"{_TREE.format('department')} includechildren:b:includeChildren subsidiary:m",
    "classification": f"{_TREE.format('classification')} includechildren:b:includeChildren subsidiary:m",
    "location": f"{_TREE.format('location')} subsidiary:m",
    "subsidiary": f"{_TREE.format('subsidiary')} legalname:t:legalName country:t currency:i>currency iselimination:b:isElimination",
    "account": """id:i acctnumber:t:acctNumber accountsearchdisplayname:t:accountSearchDisplayName
        accountsearchdisplaynamecopy:t:acctName displaynamewithhierarchy:t:displayNameWithHierarchy fullname:t:fullName accttype:t:acctType
        parent:i>account isinactive:b:isInactive issummary:b:isSummary includechildren:b:includeChildren subsidiary:m currency:i>currency
        externalid:t:externalId lastmodifieddate:s:lastModifiedDate""",
    "accountingPeriod": """id:i periodname:t:periodName startdate:d:startDate enddate:d:endDate parent:i>accountingPeriod closed:b
        alllocked:b:allLocked aplocked:b:apLocked arlocked:b:arLocked isyear:b:isYear isquarter:b:isQuarter isadjust:b:isAdjust
        isposting:b:isPosting isinactive:b:isInactive allownonglchanges:b:allowNonGLChanges lastmodifieddate:s:lastModifiedDate""",
    "item": """id:i itemid:t:itemId fullname:t:itemId displayname:t:displayName itemtype:t:itemType isinactive:b:isInactive
        incomeaccount:i>account:incomeAccount expenseaccount:i>account:expenseAccount assetaccount:i>account:assetAccount subsidiary:m
        externalid:t:externalId lastmodifieddate:s:lastModifiedDate""",
    "currency": """id:i name:t symbol:t isbasecurrency:b:isBaseCurrency exchangerate:n:exchangeRate isinactive:b:isInactive
        lastmodifieddate:s:lastModifiedDate""",
    "term": "id:i name:t daysuntilnetdue:i:daysUntilNetDue isinactive:b:isInactive lastmodifieddate:s:lastModifiedDate",
    "paymentMethod": "id:i name:t isinactive:b:isInactive lastmodifieddate:s:lastModifiedDate",
}
_OTHERS = {
    "entity": """id:i entityid:t altname:t email:t phone:t isinactive:b isperson:b type:t externalid:t vendor:i>vendor customer:i>customer
        project:i>job datecreated:s lastmodifieddate:s""",
    "transaction": """id:i transactionnumber:t tranid:t type:t recordtype:t trandate:d status:t createddate:s lastmodifieddate:s duedate:d
        closedate:d currency:i>currency exchangerate:n entity:i>entity postingperiod:i>accountingPeriod posting:b memo:t externalid:t
        foreigntotal:n foreignamountpaid:n foreignamountunpaid:n approvalstatus:i voided:b isreversal:b reversaldate:d otherrefnum:t
        terms:i>term source:t""",
    "transactionline": """id:i transaction:i>transaction uniquekey:i linesequencenumber:i mainline:b taxline:b item:i>item itemtype:t
        quantity:n quantitybilled:n quantityshiprecv:n rate:n netamount:n foreignamount:n department:i>department class:i>classification
        location:i>location subsidiary:i>subsidiary entity:i>entity expenseaccount:i>account createdfrom:i>transaction memo:t isclosed:b
        isbillable:b expectedreceiptdate:d linelastmodifieddate:s""",
    "transactionaccountingline": """transaction:i>transaction transactionline:i account:i>account debit:n credit:n amount:n netamount:n
        posting:b accountingbook:i amountpaid:n amountunpaid:n paymentamountused:n paymentamountunused:n exchangerate:n""",
    "transactionlink": """previousdoc:i>transaction previousline:i previoustype:t nextdoc:i>transaction nextline:i nexttype:t linktype:t
        foreignamount:n lastmodifieddate:s""",
    "entityaddress": """nkey:i recordowner:i>entity addr1:t addr2:t addr3:t addressee:t attention:t city:t state:t dropdownstate:t zip:t
        country:t addrphone:t addrtext:t""",
    "addressbook": "entity:i>entity internalid:i label:t defaultbilling:b defaultshipping:b addressbookaddress:i owner:t",
    "subsidiaryrelationship": "entity:i>entity subsidiary:i>subsidiary isprimarysub:b primarycurrency:i>currency owner:t",
    "deletedrecord": "recordid:i type:t name:t deleteddate:s",
}


def _columns(text: str) -> tuple[tuple[str, str, str, str], ...]:
    """`(column, kind, target, member)` of each word `column:kind[>target][:member]`."""
    found = []
    for word in text.split():
        column, kind, member = [*word.split(":"), ""][:3]
        plain, _, target = kind.partition(">")
        found.append((column, plain, target, member or column))
    return tuple(found)


COLUMNS = {name.lower(): _columns(text) for name, text in (*_MASTERS.items(), *_OTHERS.items())}
SHOWN_AS = {
    "previoustransactionlinelink": ("transactionlink", ""),
    "nexttransactionlinelink": ("transactionlink", ""),
    "vendoraddressbook": ("addressbook", "owner = 'vendor'"),
    "customeraddressbook": ("addressbook", "owner = 'customer'"),
    "vendoraddressbookentityaddress": ("entityaddress", ""),
    "customeraddressbookentityaddress": ("entityaddress", ""),
    "vendorsubsidiaryrelationship": ("subsidiaryrelationship", "owner = 'vendor'"),
    "customersubsidiaryrelationship": ("subsidiaryrelationship", "owner = 'customer'"),
}
"""Tables that show rows of another table, with that table and the condition."""
PERMITTED_BY = {name.lower(): name for name in _MASTERS}
"""The record type whose permission a table requires."""
ONE_ROW = "dual"
"""The table with a single row."""
DATES = frozenset(column for columns in COLUMNS.values() for column, kind, _, _ in columns if kind in "ds")
_TYPES = {"i": "INTEGER", "n": "NUMERIC"}


def declarations() -> list[str]:
    """The statements that make the tables and their indexes."""
    made = [f"CREATE VIEW [{ONE_ROW}] AS SELECT 'X' AS [dummy]"]
    for table, columns in COLUMNS.items():
        whole = ", ".join(f"[{column}] {_TYPES.get(kind, 'TEXT')}" for column, kind, _, _ in columns)
        key = ", PRIMARY KEY (id)" if any(column == "id" for column, *_ in columns) and table != "transactionline" else ""
        made.append(f"CREATE TABLE [{table}_] ({whole}{key})")
        balance = ", open_of(id) AS balance" if table in ("vendor", "customer") else ""
        named = ", ".join(f"[{column}]" for column, *_ in columns)
        made.append(f"CREATE VIEW [{table}] AS SELECT {named}{balance} FROM [{table}_]")  # noqa: S608 - the names are ours alone
    for name, (table, condition) in SHOWN_AS.items():
        made.append(f"CREATE VIEW [{name}] AS SELECT * FROM [{table}_]{f' WHERE {condition}' if condition else ''}")  # noqa: S608
    indexes = """transaction lastmodifieddate,id|transaction externalid|transaction type,id|transaction entity|transactionline transaction,id
transactionaccountingline transaction,transactionline|transactionlink nextdoc|transactionlink previousdoc|addressbook entity
entityaddress nkey|entityaddress recordowner|subsidiaryrelationship entity|vendor externalid|customer externalid"""
    for number, index in enumerate(indexes.replace("\n", "|").split("|")):
        table, columns_ = index.split()
        made.append(f"CREATE INDEX i{number} ON [{table}_] ({','.join(f'[{column}]' for column in columns_.split(','))})")
    return made


def rows_of(account: Account, row: Row) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """`(table, values)` of each row that a record has."""
    kind = row["_kind"]
    if KINDS[kind].family == "transaction":
        yield from _transaction(account, row)
    elif kind.lower() in COLUMNS:
        told = row | _named(row)
        yield kind.lower(), _values(account, kind.lower(), told)
        if KINDS[kind].family == "entity":
            yield from _entity(account, told)


def _text(value: Any, _: str) -> str | None:
    return str(value) if value != "" else None


_WRITERS: dict[str, Callable[[Any, str], Any]] = {
    "b": lambda value, _: "T" if value else "F",
    "d": lambda value, _: f"{MARK}{value} 00:00:00" if value else None,
    "s": lambda value, zone: f"{MARK}{local(str(value), zone)}",
    "m": lambda value, _: ", ".join(value) or None,
    "i": _text,
    "n": _text,
    "t": _text,
}


_WRITTEN = {
    table: [(member, _WRITERS[kind], "F" if kind == "b" else None) for _, kind, _, member in columns]
    for table, columns in COLUMNS.items()
}
"""For each column: its member, how its value is written, and what replaces a missing value."""


def _values(account: Account, table: str, told: Row) -> tuple[Any, ...]:
    zone, get = account.settings.timezone, told.get
    return tuple([absent if (value := get(member)) is None else write(value, zone) for member, write, absent in _WRITTEN[table]])


def _named(row: Row) -> Row:
    if KINDS[row["_kind"]].family != "entity":
        return {}
    name = f"{row.get('firstName', '')} {row.get('lastName', '')}" if row.get("isPerson") else row.get("companyName", "")
    billing = next((line for line in row.get("addressBook") or [] if line.get("defaultBilling")), None)
    return {"_name": name, "_address": None if billing is None else _nkey(row, billing)}


def _nkey(row: Row, line: Row) -> int:
    return int(row["id"]) * 100 + int(line["id"])


def _entity(account: Account, told: Row) -> Iterator[tuple[str, tuple[Any, ...]]]:
    kind = told["_kind"]
    own = {"vendor": "vendor", "customer": "customer", "job": "project"}[kind]
    low = {column: told.get(member) for column, _, _, member in COLUMNS[kind]}
    yield "entity", _values(account, "entity", low | {"type": KINDS[kind].code, own: told["id"], "altname": told["_name"]})
    relation = {
        "entity": told["id"],
        "subsidiary": told["subsidiary"],
        "isprimarysub": True,
        "primarycurrency": told.get("currency"),
    }
    yield "subsidiaryrelationship", _values(account, "subsidiaryrelationship", relation | {"owner": kind})
    for line in told.get("addressBook") or []:
        address = {name.lower(): value for name, value in line["addressBookAddress"].items()}
        where = {"nkey": _nkey(told, line), "recordowner": told["id"], "dropdownstate": address.get("state")}
        yield "entityaddress", _values(account, "entityaddress", address | where)
        book = {name.lower(): value for name, value in line.items()} | {
            "entity": told["id"],
            "internalid": line["id"],
            "owner": kind,
        }
        yield "addressbook", _values(account, "addressbook", book | {"addressbookaddress": where["nkey"]})


def _transaction(account: Account, row: Row) -> Iterator[tuple[str, tuple[Any, ...]]]:
    kind, lines = KINDS[row["_kind"]], lines_of(account, row)
    main = next((line for line in lines if line.is_main), None)
    low = {name.lower(): value for name, value in row.items()}
    rest = left(row) if row["_kind"] in ("invoice", "vendorBill") else None
    told = {
        "type": kind.code,
        "recordtype": kind.name.lower(),
        "entity": row.get("entity") or row.get("customer"),
        "posting": is_posted(row),
        "foreigntotal": main.amount if main else money(row, "total"),
        "foreignamountunpaid": rest,
        "foreignamountpaid": None if rest is None else money(row, "total") - rest,
        "closedate": row["lastModifiedDate"][:10] if rest == 0 else None,
        "voided": False,
    }
    yield "transaction", _values(account, "transaction", low | told)
    for line in lines:
        yield from _line(account, row, line)
    yield from _links(account, row)


def _line(account: Account, row: Row, line: Line) -> Iterator[tuple[str, tuple[Any, ...]]]:
    source = line.source
    low = {name.lower(): value for name, value in source.items()}
    told = {
        "id": line.number,
        "transaction": row["id"],
        "linesequencenumber": line.number,
        "mainline": line.is_main,
        "taxline": line.is_tax,
        "quantity": line.quantity,
        "quantityshiprecv": source.get("quantityReceived"),
        "netamount": line.amount,
        "foreignamount": line.amount,
        "subsidiary": row["subsidiary"],
        "entity": source.get("customer") or line.entity,
        "expenseaccount": line.account if not line.is_main else None,
        "createdfrom": source.get("orderDoc") or (row.get("createdFrom") if line.is_main else None),
        "memo": source.get("memo") or source.get("description") or (row.get("memo") if line.is_main else None),
        "linelastmodifieddate": row["lastModifiedDate"],
    }
    if line.is_main:
        told |= {name: row.get(name) for name in ("department", "class", "location")}
    yield "transactionline", _values(account, "transactionline", low | told)
    used, is_credit = applying(row), row["_kind"] in ("customerPayment", "creditMemo", "vendorCredit")
    amounts = {"debit": line.amount if line.amount > 0 else None, "credit": -line.amount if line.amount < 0 else None}
    payment = {"paymentamountused": used, "paymentamountunused": left(row)} if is_credit and line.number == 0 else {}
    yield (
        "transactionaccountingline",
        _values(
            account,
            "transactionaccountingline",
            {"transaction": row["id"], "transactionline": line.number, "account": line.account, "amount": line.amount}
            | {
                "netamount": line.amount,
                "posting": is_posted(row),
                "accountingbook": 1,
                "exchangerate": row.get("exchangeRate", "1"),
            }
            | amounts
            | payment,
        ),
    )


def _links(account: Account, row: Row) -> Iterator[tuple[str, tuple[Any, ...]]]:
    told = {"nextdoc": row["id"], "nextline": 0, "nexttype": KINDS[row["_kind"]].code, "lastmodifieddate": row["lastModifiedDate"]}
    for name in ("apply", "deposit"):
        lines = row.get(name)
        for line in lines if isinstance(lines, list) else []:
            held = account.kind_of("transaction", line["doc"])
            previous = {"previousdoc": line["doc"], "previousline": 0, "previoustype": KINDS[held].code if held else None}
            link = told | previous | {"linktype": "Payment", "foreignamount": line["amount"]}
            yield "transactionlink", _values(account, "transactionlink", link)
    if row["_kind"] == "depositApplication":
        taken = {"previousdoc": row["deposit"], "previousline": 0, "previoustype": "CustDep", "linktype": "DepAppl"}
        yield "transactionlink", _values(account, "transactionlink", told | taken | {"foreignamount": money(row, "total")})
    for name in ("item", "expense"):
        for line in row.get(name) or []:
            if line.get("orderDoc"):
                previous = {"previousdoc": line["orderDoc"], "previousline": line["orderLine"], "previoustype": "PurchOrd"}
                link = told | previous | {"linktype": "OrdBill", "foreignamount": line["amount"]}
                yield "transactionlink", _values(account, "transactionlink", link)
