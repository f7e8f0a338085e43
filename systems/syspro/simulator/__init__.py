"""A SYSPRO site for tests and demos: the e.net services over a company's tables, and the OData service beside them."""
