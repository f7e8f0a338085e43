"""The Python twins of the Avro records: what the codec reads and writes, as typed dictionaries.

Written by `python -m schemas.generate` from the record files; a test fails when it is stale. Money is `Decimal` with four
places, quantities and unit prices with six, instants are aware UTC, dates are calendar dates.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NotRequired, TypedDict


class Application(TypedDict):
    """A part of a payment or credit that settles one document."""

    application_id: str
    document_id: str
    document_number: str
    amount: Decimal
    applied_on: date | None


class Attempt(TypedDict):
    """One try of one step and what came of it."""

    attempt: int
    step: str
    at: datetime
    answer: str
    detail: str


class BillLine(TypedDict):
    """One line of a bill or a vendor credit."""

    line_id: str
    kind: str
    sku_type: str
    sku_code: str
    description: str
    quantity: Decimal
    unit_cost: Decimal
    amount: Decimal
    gl_account: str
    dimensions: NotRequired[dict[str, str]]
    business_unit_id: str
    business_unit_name: str
    inventory_location: str


class DepositLine(TypedDict):
    """One payment that a bank deposit holds."""

    payment_id: str
    payment_number: str
    payment_type: str
    amount: Decimal


class GoodsLine(TypedDict):
    """One line of goods that moved: of a receipt, a return or an adjustment."""

    line_id: str
    order_line_id: str
    receipt_line_id: str
    kind: str
    sku_id: str
    sku_code: str
    sku_type: str
    description: str
    quantity: Decimal
    unit: str
    unit_cost: Decimal
    amount: Decimal
    gl_account: str
    inventory_location_id: str
    inventory_location: str
    bin: str
    lot: str
    serial_numbers: list[str]
    dimensions: dict[str, str]


class GoodsPosting(TypedDict):
    """One line of an order, receipt, return or adjustment that a system shall keep."""

    source_line_id: str
    order_line_id: str
    receipt_line_id: str
    role: str
    description: str
    item: str
    vendor_part_number: str
    quantity: Decimal
    unit: str
    unit_cost: Decimal
    amount: Decimal
    warehouse: str
    bin: str
    lot: str
    serial_numbers: list[str]
    required_on: date | None
    account: str
    subaccount: str
    tax_code: str
    dimensions: dict[str, str]


class InvoiceLine(TypedDict):
    """One line of an invoice."""

    line_id: str
    kind: str
    sku_id: str
    sku_code: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    unit_cost: Decimal | None
    amount: Decimal
    cost: Decimal | None
    taxable: bool
    business_unit_id: str
    business_unit_name: str
    gl_account: str
    gl_account_type: str
    membership_type_id: str
    dimensions: NotRequired[dict[str, str]]
    service_date: date | None
    from_inventory: bool
    order_vendor_id: str


class JournalLine(TypedDict):
    """One line of a journal entry."""

    line_id: str
    account: str
    dimensions: dict[str, str]
    amount: Decimal
    description: str


class OrderLine(TypedDict):
    """One line of a purchase order; where a line has several schedules, one for each."""

    line_id: str
    line_number: str
    schedule_number: str
    kind: str
    status: str
    sku_id: str
    sku_code: str
    sku_type: str
    vendor_part_number: str
    description: str
    quantity: Decimal
    unit: str
    unit_cost: Decimal
    amount: Decimal
    quantity_received: Decimal | None
    quantity_billed: Decimal | None
    quantity_canceled: Decimal | None
    required_on: date | None
    promised_on: date | None
    closed: bool
    gl_account: str
    business_unit_id: str
    business_unit_name: str
    inventory_location_id: str
    inventory_location: str
    job_id: str
    dimensions: dict[str, str]


class Parent(TypedDict):
    """A document or master record that has to exist first, as a link: resolved to an id of the system by the sink."""

    role: str
    entity: str
    source_id: str
    purpose: NotRequired[str]
    part: NotRequired[str]


class PostingLine(TypedDict):
    """One line of a document that an ERP shall keep; the form that every system's document lines take."""

    source_line_id: str
    role: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    account: str
    subaccount: str
    dimensions: dict[str, str]
    item: str
    tax_code: str


class TaxRate(TypedDict):
    """One rate of a tax zone."""

    name: str
    base: str
    rate: Decimal


class CommandEnvelope(TypedDict):
    """What every command has."""

    connection: str
    system: str
    op_key: str
    ref: str
    purpose: str
    action: str
    source_system: str
    source_entity: str
    source_id: str
    source_version: str
    source_number: str
    part: str
    parts: dict[str, str] | None
    source_hash: str
    payload_hash: str
    posting_date: date | None
    amount: Decimal
    currency: str
    parents: list[Parent]
    unresolved: list[str]
    defaulted: list[str]
    hold: str
    hold_detail: str
    config_version: str
    crosswalk_version: str
    canonical_topic: str
    canonical_partition: int
    canonical_offset: int
    canonical: bytes | None


class CanonicalEnvelope(TypedDict):
    """What every canonical record has."""

    connection: str
    system: str
    entity: str
    source_id: str
    source_version: str
    content_hash: str
    fingerprint: str
    origin_ref: str | None
    number: str
    status: str
    active: bool
    created_on: datetime | None
    raw_topic: str
    raw_partition: int
    raw_offset: int


class Connection(TypedDict):
    """The settings of one connection as applied; the newest record of a connection is in force."""

    connection: str
    label: str
    version: str
    crosswalk_version: str
    settings: str
    removed: bool
    actor: str
    reason: str
    at: datetime


class Control(TypedDict):
    """A person's decision, with actor and reason."""

    connection: str
    control_id: str
    action: str
    system: str
    op_key: str
    payload: str
    actor: str
    reason: str
    at: datetime


class Credential(TypedDict):
    """One encrypted credential set of a connection."""

    connection: str
    purpose: str
    key_id: str
    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes
    not_after: datetime | None
    removed: bool
    at: datetime


class CrosswalkRow(TypedDict):
    """One row of a mapping table of a connection."""

    connection: str
    table: str
    row: str
    values: dict[str, str]
    effective_from: date | None
    crosswalk_version: str
    removed: bool
    actor: str
    at: datetime


class Link(TypedDict):
    """One pair of ids of master data, or of a part of a document: the same thing in two systems."""

    connection: str
    entity: str
    source_system: str
    source_id: str
    target_system: str
    target_id: str
    target_number: str
    origin: str
    score: Decimal | None
    actor: str
    at: datetime
    purpose: NotRequired[str]
    part: NotRequired[str]


class Cursor(TypedDict):
    """Checkpoint of one feed; written only after every record of the page is acked."""

    connection: str
    feed: str
    position: str
    page_digest: str
    records: int
    at: datetime


class Fetch(TypedDict):
    """Read this object again."""

    connection: str
    system: str
    entity: str
    source_id: str
    reason: str
    at: datetime


class Raw(TypedDict):
    """Bytes as they came. For an element of a page: its slice, with the page's digest and the element's index."""

    connection: str
    system: str
    entity: str
    source_id: str
    source_version: str
    shape: str
    how: str
    body: bytes
    content_type: str
    page_digest: str
    page_index: int
    signature: str
    received_at: datetime
    further: NotRequired[list[bytes]]


class ApPayment(CanonicalEnvelope):
    """A payment to a vendor."""

    paid_on: date | None
    method: str
    total: Decimal
    unapplied: Decimal
    currency: str
    vendor_id: str
    vendor_name: str
    business_unit_id: str
    business_unit_name: str
    bank_account: str
    check_number: str
    memo: str
    canceled_on: datetime | None
    applications: list[Application]


class BankDeposit(CanonicalEnvelope):
    """Payments of customers that were brought to a bank account together."""

    deposited_on: date | None
    total: Decimal
    fees: NotRequired[Decimal | None]
    currency: str
    bank_account: str
    business_unit_id: str
    business_unit_name: str
    memo: str
    canceled_on: datetime | None
    lines: list[DepositLine]


class Bill(CanonicalEnvelope):
    """A bill of a vendor."""

    vendor_number: str
    bill_date: date | None
    due_date: date | None
    period: NotRequired[str]
    subtotal: Decimal
    tax: Decimal
    shipping: Decimal
    other: Decimal
    total: Decimal
    currency: str
    vendor_id: str
    vendor_name: str
    business_unit_id: str
    business_unit_name: str
    purchase_order_id: str
    job_id: str
    job_number: str
    term_name: str
    kind: str
    reconciliation: str
    do_not_pay: bool
    canceled_on: datetime | None
    summary: str
    lines: list[BillLine]


class BusinessUnit(CanonicalEnvelope):
    """A business unit."""

    name: str
    account_code: str
    division: str
    currency: str


class CreditMemo(CanonicalEnvelope):
    """A credit memo to a customer."""

    memo_date: date | None
    total: Decimal
    unapplied: Decimal
    currency: str
    customer_id: str
    business_unit_id: str
    business_unit_name: str
    memo: str
    subtotal: NotRequired[Decimal | None]
    tax: NotRequired[Decimal | None]
    tax_zone_id: NotRequired[str]
    tax_code: NotRequired[str]
    customer_name: NotRequired[str]
    location_name: NotRequired[str]
    lines: NotRequired[list[InvoiceLine]]
    applications: list[Application]


class Customer(CanonicalEnvelope):
    """A customer."""

    street: str
    unit: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    email: str
    name: str
    kind: str
    code: str
    tax_exempt: bool
    tax_id: str
    payment_term_id: str
    merged_to_id: str
    external_ref: str


class Dimension(CanonicalEnvelope):
    """A value of a further dimension: subaccount, branch, department."""

    kind: str
    code: str
    description: str


class GlAccount(CanonicalEnvelope):
    """An account of a chart of accounts."""

    code: str
    description: str
    kind: str


class InventoryAdjustment(CanonicalEnvelope):
    """A change of stock that is no receipt, return or sale; also a transfer from one place to another."""

    adjusted_on: date | None
    kind: str
    reference_number: str
    business_unit_id: str
    business_unit_name: str
    job_id: str
    job_number: str
    project_id: str
    invoice_id: str
    inventory_location_id: str
    inventory_location: str
    to_location_id: str
    to_location: str
    total: Decimal
    currency: str
    memo: str
    canceled_on: datetime | None
    dimensions: dict[str, str]
    lines: list[GoodsLine]


class Invoice(CanonicalEnvelope):
    """A customer invoice."""

    configuration: str
    invoice_date: date | None
    due_date: date | None
    period: NotRequired[str]
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    balance: Decimal
    currency: str
    customer_id: str
    customer_name: str
    location_id: str
    location_name: str
    business_unit_id: str
    business_unit_name: str
    job_id: str
    job_number: str
    job_type: NotRequired[str]
    project_id: str
    term_name: str
    tax_zone_id: str
    tax_code: str
    adjustment_to_id: str
    import_id: str
    exported_id: str
    review_status: str
    sent_status: str
    summary: str
    membership_id: str
    lines: list[InvoiceLine]


class Item(CanonicalEnvelope):
    """Something that is bought, stocked or sold."""

    code: str
    name: str
    description: str
    kind: str
    category: str
    unit: str
    stocked: bool
    taxable: bool
    unit_cost: Decimal | None
    unit_price: Decimal | None
    income_account: str
    cost_account: str
    asset_account: str
    primary_vendor_id: str
    vendor_part_number: str
    business_unit_id: str
    external_ref: str


class Job(CanonicalEnvelope):
    """A job in the field."""

    customer_id: str
    location_id: str
    business_unit_id: str
    invoice_id: str
    completed_on: datetime | None
    total: Decimal | None
    currency: str


class Journal(CanonicalEnvelope):
    """A journal entry of a general ledger, as its system shows it."""

    business_unit_id: str
    journal_date: date | None
    period: str
    description: str
    total: Decimal
    currency: str
    lines: list[JournalLine]


class LaborEntry(CanonicalEnvelope):
    """Paid time, or pay of another kind, of one employee for one job or for none."""

    worked_on: date | None
    started_on: datetime | None
    ended_on: datetime | None
    kind: str
    paid_time: str
    activity: str
    hours: Decimal | None
    total: Decimal
    burden: Decimal | None
    currency: str
    employee_id: str
    employee_name: str
    employee_kind: str
    payroll_id: str
    payroll_status: str
    payroll_approved_on: datetime | None
    business_unit_id: str
    business_unit_name: str
    job_id: str
    job_number: str
    project_id: str
    customer_id: str
    invoice_id: str
    memo: str


class Location(CanonicalEnvelope):
    """A service location of a customer."""

    street: str
    unit: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    email: str
    name: str
    customer_id: str
    tax_zone_id: str
    tax_exempt: bool
    merged_to_id: str


class Payment(CanonicalEnvelope):
    """A payment of a customer, or a refund to one."""

    paid_on: date | None
    type_id: str
    type_name: str
    total: Decimal
    unapplied: Decimal
    currency: str
    customer_id: str
    customer_name: str
    business_unit_id: str
    business_unit_name: str
    memo: str
    check_number: str
    cash_account: NotRequired[str]
    auth_code: str
    refunded_payment_id: str
    applications: list[Application]


class PaymentTerm(CanonicalEnvelope):
    """A payment term."""

    name: str
    due_day_type: str
    due_day: int


class PaymentType(CanonicalEnvelope):
    """A payment type."""

    name: str


class Period(CanonicalEnvelope):
    """A financial period."""

    code: str
    starts_on: date | None
    ends_on: date | None
    open_receivable: bool
    open_payable: bool
    open_ledger: bool


class PurchaseOrder(CanonicalEnvelope):
    """An order to a vendor; the address is where the goods go."""

    street: str
    unit: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    email: str
    order_date: date | None
    required_on: date | None
    sent_on: datetime | None
    kind: str
    type_id: str
    self_receiving: bool
    revision: str
    vendor_id: str
    vendor_name: str
    vendor_site: str
    vendor_number: str
    legal_entity: str
    business_unit_id: str
    business_unit_name: str
    job_id: str
    job_number: str
    project_id: str
    invoice_id: str
    technician_id: str
    buyer: str
    inventory_location_id: str
    inventory_location: str
    ship_to_name: str
    subtotal: Decimal
    tax: Decimal
    shipping: Decimal
    other: Decimal
    total: Decimal
    currency: str
    term_name: str
    summary: str
    canceled_on: datetime | None
    canceled_reason: str
    dimensions: dict[str, str]
    lines: list[OrderLine]


class Receipt(CanonicalEnvelope):
    """Goods of a purchase order that came."""

    received_on: date | None
    purchase_order_id: str
    purchase_order_number: str
    bill_id: str
    corrects_id: str
    vendor_id: str
    vendor_name: str
    vendor_number: str
    business_unit_id: str
    business_unit_name: str
    job_id: str
    job_number: str
    project_id: str
    technician_id: str
    inventory_location_id: str
    inventory_location: str
    subtotal: Decimal
    tax: Decimal
    shipping: Decimal
    other: Decimal
    total: Decimal
    currency: str
    memo: str
    canceled_on: datetime | None
    dimensions: dict[str, str]
    lines: list[GoodsLine]


class Return(CanonicalEnvelope):
    """Goods that went back to a vendor."""

    returned_on: date | None
    reason: str
    purchase_order_id: str
    receipt_id: str
    vendor_credit_id: str
    vendor_id: str
    vendor_name: str
    vendor_number: str
    business_unit_id: str
    business_unit_name: str
    job_id: str
    job_number: str
    project_id: str
    inventory_location_id: str
    inventory_location: str
    subtotal: Decimal
    tax: Decimal
    shipping: Decimal
    other: Decimal
    total: Decimal
    currency: str
    memo: str
    canceled_on: datetime | None
    dimensions: dict[str, str]
    lines: list[GoodsLine]


class StockLevel(CanonicalEnvelope):
    """What a place holds of an item."""

    as_of: datetime | None
    sku_id: str
    sku_code: str
    inventory_location_id: str
    inventory_location: str
    bin: str
    lot: str
    unit: str
    on_hand: Decimal
    allocated: Decimal | None
    available: Decimal | None
    on_order: Decimal | None
    unit_cost: Decimal | None


class TaxZone(CanonicalEnvelope):
    """A tax zone and its rates."""

    name: str
    rates: list[TaxRate]


class Vendor(CanonicalEnvelope):
    """A vendor."""

    street: str
    unit: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    email: str
    name: str
    legal_name: str
    code: str
    kind: str
    tax_id: str
    payment_term_id: str
    memo: str
    external_ref: str
    dimensions: NotRequired[dict[str, str]]


class VendorCredit(CanonicalEnvelope):
    """A credit of a vendor."""

    vendor_number: str
    credit_date: date | None
    period: NotRequired[str]
    subtotal: Decimal
    tax: Decimal
    shipping: Decimal
    total: Decimal
    currency: str
    vendor_id: str
    vendor_name: str
    business_unit_id: str
    business_unit_name: str
    return_id: str
    memo: str
    canceled_on: datetime | None
    lines: list[BillLine]
    applications: list[Application]


class ApApplicationCommand(CommandEnvelope):
    """An application of a vendor credit that the ERP keeps to one of its bills."""

    credit_id: str
    date: date | None
    applications: list[Application]
    later: NotRequired[list[Application]]


class ApBillCommand(CommandEnvelope):
    """A vendor bill in an ERP."""

    date: date | None
    due_date: date | None
    terms: str
    description: str
    human_number: str
    dimensions: dict[str, str]
    pay_hold: bool
    tax_total: Decimal
    lines: list[PostingLine]


class ApCreditCommand(CommandEnvelope):
    """A vendor credit in an ERP, applied to its bills."""

    date: date | None
    description: str
    human_number: str
    dimensions: dict[str, str]
    tax_total: Decimal
    lines: list[PostingLine]
    applications: list[Application]


class ApPayHoldCommand(CommandEnvelope):
    """A bill that the ERP keeps is not to be paid for now. It moves no money; a reversal of it lifts the hold."""

    bill_id: str
    date: date | None
    reason: str


class ArApplicationCommand(CommandEnvelope):
    """A later application of a payment that the ERP already keeps."""

    payment_id: str
    date: date | None
    applications: list[Application]
    later: NotRequired[list[Application]]


class ArCreditMemoCommand(CommandEnvelope):
    """A credit memo to a customer in an ERP, linked to its original."""

    date: date | None
    description: str
    human_number: str
    adjusts_id: str
    dimensions: dict[str, str]
    tax_total: Decimal
    lines: list[PostingLine]


class ArDepositCommand(CommandEnvelope):
    """A bank deposit of customer payments in an ERP."""

    date: date | None
    bank_account: str
    payment_method: str
    description: str
    human_number: str
    dimensions: dict[str, str]
    receipts: list[DepositLine]


class ArInvoiceCommand(CommandEnvelope):
    """A customer invoice in an ERP."""

    date: date | None
    due_date: date | None
    terms: str
    description: str
    human_number: str
    dimensions: dict[str, str]
    tax_zone: str
    tax_total: Decimal
    lines: list[PostingLine]


class ArReceiptCommand(CommandEnvelope):
    """A customer payment in an ERP, applied to its invoices."""

    kind: str
    date: date | None
    payment_method: str
    cash_account: str
    payment_ref: str
    description: str
    human_number: str
    dimensions: dict[str, str]
    applications: list[Application]
    unapplied: Decimal


class ArRefundCommand(CommandEnvelope):
    """A refund to a customer."""

    payment_id: str
    date: date | None
    payment_method: str
    cash_account: str
    description: str
    payment_ref: str
    human_number: str
    dimensions: dict[str, str]
    applications: list[Application]


class CancelCommand(CommandEnvelope):
    """The cancellation of a document that the target keeps and nothing was posted of: an order, a receipt, a return."""

    cancels: str
    date: date | None
    reason_code: str
    reason: str


class CompletionCommand(CommandEnvelope):
    """A milestone of a source object that other commands wait for; nothing is written."""

    reached: str


class CustomerCommand(CommandEnvelope):
    """A customer in an ERP."""

    street: str
    unit: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    email: str
    name: str
    customer_class: str
    terms: str
    tax_zone: str
    create_missing: bool


class InventoryAdjustmentCommand(CommandEnvelope):
    """A change of stock in an ERP."""

    date: date | None
    kind: str
    description: str
    human_number: str
    dimensions: dict[str, str]
    warehouse: str
    to_warehouse: str
    lines: list[GoodsPosting]


class JournalCommand(CommandEnvelope):
    """A journal entry in an ERP's general ledger; its lines add up to zero."""

    business_unit: str
    date: date | None
    description: str
    human_number: str
    dimensions: dict[str, str]
    lines: list[PostingLine]


class ManualEntryCommand(CommandEnvelope):
    """A document that no flow of its connection brings: a person enters it in the ERP, and nothing is written."""

    date: date | None
    reason: str


class PurchaseOrderCommand(CommandEnvelope):
    """A purchase order in an ERP or in the field-service system; the address is where the goods go."""

    street: str
    unit: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    email: str
    date: date | None
    required_on: date | None
    kind: str
    description: str
    human_number: str
    dimensions: dict[str, str]
    warehouse: str
    terms: str
    ship_to_name: str
    memo: str
    tax_total: Decimal
    shipping_total: Decimal
    lines: list[GoodsPosting]


class ReceiptCommand(CommandEnvelope):
    """A receipt of a purchase order's goods in an ERP."""

    date: date | None
    kind: str
    vendor_number: str
    description: str
    human_number: str
    dimensions: dict[str, str]
    warehouse: str
    lines: list[GoodsPosting]


class ReturnCommand(CommandEnvelope):
    """A return of goods to a vendor in an ERP."""

    date: date | None
    reason: str
    vendor_number: str
    description: str
    human_number: str
    dimensions: dict[str, str]
    warehouse: str
    lines: list[GoodsPosting]


class ReversalCommand(CommandEnvelope):
    """The reversal of a document that the ERP keeps (a void at the source)."""

    reverses: str
    date: date | None
    reason: str


class VendorCommand(CommandEnvelope):
    """A vendor in an ERP or in the field-service system."""

    street: str
    unit: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    email: str
    name: str
    code: str
    vendor_class: str
    terms: str
    status: str
    memo: str
    create_missing: bool


class Ledger(TypedDict):
    """What the sink knows of one op-key: its complete state."""

    connection: str
    system: str
    op_key: str
    ref: str
    record: str
    purpose: str
    action: str
    source_system: str
    source_entity: str
    source_id: str
    source_number: str
    source_version: str
    part: str
    source_hash: str
    payload_hash: str
    posting_date: date | None
    amount: Decimal
    currency: str
    state: str
    reason: str
    detail: str
    waits_for: list[str]
    due_at: datetime | None
    intent_attempt: int
    intent_step: str
    intent_hash: str
    released: bool
    accepted: bool
    rounds: int
    step: str
    steps_done: list[str]
    erp_id: str
    erp_number: str
    attempts: list[Attempt]
    attempt_count: int
    command: bytes | None
    command_partition: int
    command_offset: int
    first_seen_at: datetime
    updated_at: datetime
    tried_since: NotRequired[datetime | None]
    takes_back: NotRequired[str]
    taken: NotRequired[Decimal | None]
    wants: NotRequired[Decimal | None]
    settles: NotRequired[list[str]]


class Result(TypedDict):
    """What became of a command, once and for all; also each change of a held document, for the list of what is not posted."""

    connection: str
    system: str
    op_key: str
    ref: str
    record: str
    purpose: str
    source_system: str
    source_entity: str
    source_id: str
    source_number: str
    outcome: str
    reason: str
    detail: str
    step: str
    erp_id: str
    erp_number: str
    source_hash: str
    payload_hash: str
    posting_date: date | None
    amount: Decimal
    currency: str
    command_partition: int
    command_offset: int
    at: datetime
    takes_back: NotRequired[str]
    source_version: NotRequired[str]


class Audit(TypedDict):
    """A decision that makes no other record."""

    connection: str
    decision: str
    natural_key: str
    system: str
    entity: str
    source_id: str
    source_version: str
    detail: str
    amount: Decimal | None
    currency: str
    count: int
    topic: str
    partition: int
    first_offset: int
    last_offset: int
    stage: str
    at: datetime


class Dead(TypedDict):
    """A record that cannot be read, with everything needed to read it again."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]
    stage: str
    reason: str
    connection: str
    amount: Decimal | None
    at: datetime
