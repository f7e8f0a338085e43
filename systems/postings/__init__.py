"""From canonical records to postings, where accounting decides and not the vendor: the same rules for every ERP."""
