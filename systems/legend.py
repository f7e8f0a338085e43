"""What a mapping table is for, in an accountant's words: which value counts first, what its reserved words mean, and an example row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Legend:
    """One table. `about` says what it decides; `first`, which value of a document is looked up first, and what counts where none has a row;
    `columns` explains each column beside the key; `reserved`, words that mean something of their own; `example` is a row, as it is typed."""

    about: str
    first: str
    columns: Mapping[str, str]
    example: Mapping[str, str]
    reserved: Mapping[str, str] = field(default_factory=dict)
