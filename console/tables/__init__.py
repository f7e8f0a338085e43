"""Tables as people write them (CSV and XLSX): read strictly and within limits, and written so that a spreadsheet executes nothing."""
