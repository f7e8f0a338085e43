"""Tables as people write them (CSV and XLSX): read strictly and within bounds, written so that a spreadsheet runs nothing."""
