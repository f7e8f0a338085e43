"""SuiteQL: the tables it shows, its dialect, and its route."""
