"""From a connection's files to the topics: read and check, compare with what is in force, write."""
