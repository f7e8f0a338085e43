"""Oracle Fusion Cloud ERP: its wire, its books and what ml-connector makes of them."""
