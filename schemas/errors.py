"""What can be wrong with records and schemas. The service decides what to do about each error."""

from __future__ import annotations


class Malformed(ValueError):
    """Bytes or a record that do not fit their schema."""


class NotRegistered(RuntimeError):
    """A schema of ours is not in the registry, or the registry refused it."""


class RegistryAway(RuntimeError):
    """The schema registry does not answer. The same request may be made later."""
