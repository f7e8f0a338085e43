"""The OData service: tables of the company, read only."""
