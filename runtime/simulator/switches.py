"""A simulator's switches: what `--set key=value` and `POST /__sim__/settings` give as texts, read by the types of a dataclass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self


@dataclass
class Switches:
    """What an administrator or a licence decides about a simulated system; may be changed while it runs. `system` is its name.

    `timezone` is the system's own; `latency_s` are real seconds that every call of the vendor's API takes longer; `choices` lists the
    texts that a switch takes, where it does not take every one.
    """

    system: ClassVar[str] = ""
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    timezone: str = "UTC"
    latency_s: float = 0.0

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Self:
        """Switches from texts over the defaults; raises ValueError as `change` does."""
        switches = cls()
        switches.change(texts)
        return switches

    def change(self, changes: Mapping[str, Any]) -> None:
        """Apply `key=value` texts; raises ValueError naming the key when it is unknown or its text is none that it takes."""
        known = {field.name: str(field.type) for field in fields(self)}
        for key, text in changes.items():
            if key not in known:
                raise ValueError(f"unknown setting {key!r} of the {self.system} simulator; known: {', '.join(sorted(known))}")
            if str(text) not in self.choices.get(key, (str(text),)):
                raise ValueError(f"setting {key}: {text!r} is none of {', '.join(self.choices[key])}")
            setattr(self, key, _read(key, known[key], str(text)))


def names(text: str) -> frozenset[str]:
    """The names of a comma-separated switch."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _read(key: str, kind: str, text: str) -> Any:
    try:
        if kind == "bool":
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        return {"int": int, "float": float, "str": str}[kind](text)
    except (KeyError, ValueError) as error:
        raise ValueError(f"setting {key}: {text!r} cannot be read as {kind}") from error
