"""Compares documents that both sides have of their own: last year's books, payments to vendors, bills of what was received. Nothing is written."""
