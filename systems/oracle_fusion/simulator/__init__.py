"""The simulated pod of Oracle Fusion Cloud ERP: the vendor's side of the wire, and its rules."""
