"""The first match of masters (accounting.md 19): proposals with a score, decisions by a person, links."""
