"""A vendor's published interface as tables of facts: operations, parameters, fields, types, what is required, enumerations.

`table.py` is the form, `words.py` its types, `condense.py` makes a table of an OpenAPI document (`python -m runtime.facts PATH`), and
`document.py` reads a table as the OpenAPI document that validators and simulators use.
"""
