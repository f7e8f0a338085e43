"""The operator's windows: the command line and, later, the web console."""
