"""What a mapping table is for, in an accountant's words: which value counts first, what its reserved words mean, and an example row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Legend:
    """One table. `about` says what it decides. `first` says which value of a document is looked up first, and what counts if none has a row.
    `columns` explains each column except the key, `reserved` the words with a special meaning. `example` is a row as a person types it."""

    about: str
    first: str
    columns: Mapping[str, str]
    example: Mapping[str, str]
    reserved: Mapping[str, str] = field(default_factory=dict)
