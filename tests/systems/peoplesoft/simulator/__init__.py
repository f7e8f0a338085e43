"""The PeopleSoft simulator held against what the vendor's documentation and recorded answers say."""
