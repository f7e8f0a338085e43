"""The simulated PeopleSoft site: the wire as their side of it, written from the vendor's documents and the site's contract alone."""
