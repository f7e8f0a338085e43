"""NetSuite: the record service, SuiteQL and both sign-ins."""
