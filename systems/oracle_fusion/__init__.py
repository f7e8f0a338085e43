"""Oracle Fusion Cloud ERP."""
