"""A simulator's switches: the texts of `--set key=value` and `POST /__sim__/settings`, read by the field types of a dataclass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self


@dataclass
class Switches:
    """The settings that an administrator or a licence makes in a simulated system. They may be changed while it runs. `system` is its name.

    `timezone` is the system's own. `latency_s` are real seconds by which every call of the vendor's API takes longer. `choices` lists the
    allowed texts of switches that do not take every text.
    """

    system: ClassVar[str] = ""
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    timezone: str = "UTC"
    latency_s: float = 0.0

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Self:
        """Switches from texts, over the defaults. Raises ValueError as `change` does."""
        switches = cls()
        switches.change(texts)
        return switches

    def change(self, changes: Mapping[str, Any]) -> None:
        """Apply `key=value` texts. Raises ValueError naming a key that is unknown or whose text is not allowed."""
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
