"""The simulated pod of Oracle Fusion Cloud ERP: the vendor's wire and rules, their side."""
