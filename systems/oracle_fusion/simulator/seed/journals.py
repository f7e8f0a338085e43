"""Sources and categories of journals."""

from __future__ import annotations

OUR_SOURCE = "ServiceTitan"
JOURNAL_SOURCES = ("Manual", "Spreadsheet", "Receivables", OUR_SOURCE)
CATEGORIES = ("Adjustment", "Sales Invoices", "Receipts", "Miscellaneous")
