"""What is followed beside the records of a service: configuration, credentials, links, controls; without a broker."""
