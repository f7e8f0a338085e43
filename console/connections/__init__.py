"""From a connection's files to the topics: read and check them, compare them with what is in force, write them."""
