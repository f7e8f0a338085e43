"""A simulator's switches from texts: what `--set key=value` and `POST /__sim__/settings` give, by the types of a dataclass."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def change(switches: DataclassInstance, changes: dict[str, str], system: str) -> None:
    """Apply texts to a system's switches; raises ValueError naming the key when it is unknown or cannot be read."""
    known = {field.name: str(field.type) for field in fields(switches)}
    for key, text in changes.items():
        if key not in known:
            raise ValueError(f"unknown setting {key!r} of the {system} simulator; known: {', '.join(sorted(known))}")
        setattr(switches, key, _read(key, known[key], str(text)))


def _read(key: str, kind: str, text: str) -> Any:
    try:
        if kind == "bool":
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        return {"int": int, "float": float, "str": str}[kind](text)
    except (KeyError, ValueError) as error:
        raise ValueError(f"setting {key}: {text!r} cannot be read as {kind}") from error
