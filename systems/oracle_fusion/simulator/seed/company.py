"""The enterprise of the pod: business units, legal entity, ledger, inventory organization. All names are made up."""

from __future__ import annotations

BUSINESS_UNITS = (("Acme Home Services BU", 300000046987012), ("Acme West BU", 300000046987013))
MAIN_UNIT, WEST_UNIT = BUSINESS_UNITS[0][0], BUSINESS_UNITS[1][0]
UNIT_IDS = dict(BUSINESS_UNITS)
LEGAL_ENTITY, LEGAL_ENTITY_ID, LEGAL_ENTITY_NUMBER = "Acme Home Services Inc", 300000046973970, "ACME-US"
LEDGER, LEDGER_ID = "Acme US Primary Ledger", 300000046975971
CHART, CHART_ID = "Acme Chart of Accounts", 300000046975980
CALENDAR = "Acme Monthly"
DATA_ACCESS_SET_ID = 300000046975972
ORGANIZATION, ORGANIZATION_ID, ORGANIZATION_NAME = "ACM", 300000047274444, "Acme Main Warehouse"
LOCATION, LOCATION_ID = "Acme Depot Road", 300000047013228
INSTANCE = "acme-test"
