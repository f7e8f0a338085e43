"""The resources that the pod serves."""

from __future__ import annotations

from functools import partial

from systems.oracle_fusion.simulator.lists import LISTS
from systems.oracle_fusion.simulator.resources import Resource, Rules
from systems.oracle_fusion.simulator.rules import credits, invoices, jobs, receipts, receiving
from systems.oracle_fusion.simulator.rules.orders import life_cycle

_ORDERS = "PO_VIEW_PURCHASE_ORDER_REST_PRIV"
_JOBS = "FUN_FSCM_REST_SERVICE_ACCESS_INTEGRATION_PRIV"
_RECEIVING = "RCV_CREATE_RECEIPT_USING_REST_SERVICE_PRIV"
_INVOICES = "AR_CREATE_RECEIVABLES_INVOICE_PRIV"
RESOURCES: tuple[Resource, ...] = (
    Resource("suppliers", read="POZ_GET_SUPPLIERS_USING_REST_SERVICE_PRIV"),
    Resource("purchaseOrders", read=_ORDERS, units="ProcurementBU"),
    Resource("purchaseOrderLifeCycleDetails", read=_ORDERS, is_listed=False, row=life_cycle),
    Resource(
        invoices.KIND,
        read=_INVOICES,
        write=_INVOICES,
        units="BusinessUnit",
        rules=Rules(invoices.create, invoices.change, invoices.remove),
        wraps_change=invoices.answers_with_items,
    ),
    Resource(
        credits.KIND,
        read="AR_MANAGE_RECEIVABLES_TRANSACTIONS_PRIV",
        write="AR_CREATE_RECEIVABLES_TRANSACTION_PRIV",
        units="BusinessUnit",
        rules=Rules(credits.create, credits.change),
    ),
    Resource(
        receipts.KIND,
        read="AR_MANAGE_RECEIVABLES_RECEIPT_PRIV",
        write="AR_CREATE_RECEIVABLES_RECEIPT_PRIV",
        units="BusinessUnit",
        rules=Rules(receipts.create, receipts.change, receipts.remove, {receipts.REFERENCES: receipts.add_reference}, receipts.act),
    ),
    Resource(
        receiving.REQUESTS,
        read=_RECEIVING,
        write=_RECEIVING,
        rules=Rules(receiving.create, remove=partial(receiving.remove, receiving.REQUESTS)),
    ),
    Resource(
        receiving.TRANSACTIONS,
        read=_RECEIVING,
        write=_RECEIVING,
        rules=Rules(receiving.create_transaction, remove=partial(receiving.remove, receiving.TRANSACTIONS)),
    ),
    Resource(receiving.HISTORY, read="RCV_VIEW_RECEIVING_TRANSACTION_HISTORY_PRIV"),
    Resource(
        jobs.KIND,
        read=_JOBS,
        write=_JOBS,
        finders={"ESSJobStatusRF": jobs.status, "ESSExecutionDetailsRF": jobs.details, "ESSJobExecutionDetailsRF": jobs.files},
        needs_finder=True,
        rules=Rules(jobs.create),
    ),
    Resource("journalBatches", read="GL_ENTER_JOURNAL_PRIV"),
    *LISTS,
)
