"""The simulated PeopleSoft site: the vendor's side of the wire, written only from the vendor's documents and the site's contract."""
