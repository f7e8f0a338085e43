"""Compares documents that people entered on both sides: last year's books, payments to vendors, bills of received goods. Nothing is written."""
