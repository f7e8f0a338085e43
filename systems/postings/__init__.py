"""From canonical records to postings, by rules that come from accounting and not from a vendor: the same for every ERP."""
