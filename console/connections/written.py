"""A YAML file as it is written: sections, lists and texts, each with its line. The setting that a value belongs to decides its type.

YAML itself reads `00123` as 83, `12:30` as 750, `2200.10` as 2200.1 and `no` as false, which would change a code. Here every value is the text in the
file, with accents composed; only an empty value, `~` and an unquoted `null` mean nothing. Anchors and aliases, merge keys, tags, keys that are not
text, keys written twice, more than one document, texts of several lines, and invisible characters are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import normalize

import yaml

from runtime.errors import Broken
from systems.values.codes import visible

MAX_BYTES = 64 * 1024
MAX_VALUES = 5000
MAX_DEPTH = 20
Place = tuple[str | int, ...]
"""The place of a value: keys and positions from the top. Example: ("webhook_keys", 0, "secret")"""

_TAGS = "tags (!) are not read"
_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))
_TEXT_TAGS = frozenset((None, "!", "tag:yaml.org,2002:str"))
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Written:
    """The content of a file. `values` are dicts, lists, texts and None; `lines` has the line of each of them, counted from 1."""

    path: Path
    values: Any
    lines: Mapping[Place, int]

    def where(self, place: Place) -> str:
        """`file:line` of a place, or of the nearest section around it that is written."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return f"{self.path}:{self.lines[place[:length]]}"
        return str(self.path)


def dotted(place: Place) -> str:
    """A place in words. Example: webhook_keys[0].secret"""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or "(file)"


def read_yaml(path: Path) -> Written:
    """The content of a file. Raises `Broken`, in one line that names file and line, for anything that cannot be read."""
    try:
        with path.open("rb") as source:
            content = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise Broken(
            f"{path}: {error.strerror or error}.", "Name the connection's YAML file; `ml-connector init` writes one."
        ) from error
    return parsed(path, content)


def parsed(path: Path, content: bytes) -> Written:
    """The same for bytes that were read from `path`."""
    if len(content) > MAX_BYTES:
        raise Broken(f"{path} is over {MAX_BYTES} bytes.", "A connection is a short file; tables go into its crosswalk folder.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal(path, content[: error.start].count(b"\n"), "is not UTF-8", "Save the file as UTF-8.") from None
    return _Builder(path).built(text)


def _refusal(path: Path, line: int, words: str, remedy: str) -> Broken:
    return Broken(f"{path}:{line + 1}: {words}.", remedy)


@dataclass
class _Section:
    """A section or list that is being read. `key` waits for its value; `at` is the section's own place."""

    at: Place
    values: dict[str, Any] | list[Any]
    key: str | None = None


@dataclass
class _Builder:
    """Builds values from the parser's events with its own stack, so that deep nesting does not exhaust Python's."""

    path: Path
    lines: dict[Place, int] = field(default_factory=dict)
    _open: list[_Section] = field(default_factory=list)
    _top: Any = None
    _documents: int = 0

    def built(self, text: str) -> Written:
        for event in self._events(text):
            line = event.start_mark.line if event.start_mark is not None else 0
            if len(self.lines) > MAX_VALUES:
                raise self._refused(line, f"has more than {MAX_VALUES} values", "Tables go into the crosswalk folder.")
            if isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    raise self._refused(line, "a second document begins", "Keep one document in a file.")
            elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise self._refused(line, "anchors (&) and aliases (*) are not read", "Write the value out, or put it in quotes.")
            elif isinstance(event, yaml.ScalarEvent):
                self._take(line, self._text(event, line), _is_nothing(event))
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event, line)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
        return Written(self.path, self._top, self.lines)

    def _events(self, text: str) -> Iterator[yaml.Event]:
        loader = None
        try:
            loader = yaml.BaseLoader(text)
            while loader.check_event():
                yield loader.get_event()  # type: ignore[no-untyped-call]  # the stub gives it no type
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, int(error.position))
            raise self._refused(line, f"holds the control character U+{error.character:04X}", "Remove it.") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._refused(mark.line if mark else 0, *_problem(error)) from None
        except (yaml.YAMLError, ValueError, OverflowError):
            # an escape without a character ("\U00110000") does not raise a YAMLError
            raise self._refused(loader.line if loader else 0, "is not YAML: an escape names no character", "Correct it.") from None

    def _text(self, event: yaml.ScalarEvent, line: int) -> str:
        if event.tag not in _TEXT_TAGS:
            raise self._refused(line, _TAGS, "Remove the tag, or put the text in quotes.")
        text = normalize("NFC", str(event.value))
        is_divided = event.end_mark is not None and event.end_mark.line != line and event.style not in ("|", ">")
        if is_divided or _UNFIT.search(text):
            raise self._refused(line, "a text holds a line end or a control character", "A setting is one line of text.")
        if visible(text) != text:
            words = "a text begins or ends with a blank, or holds a blank that no keyboard types, or an invisible character"
            raise self._refused(line, words, "Type it again, in quotes if it has blanks.")
        return text

    def _begin(self, event: yaml.CollectionStartEvent, line: int) -> None:
        if event.tag not in (None, "!"):
            raise self._refused(line, _TAGS, "Remove the tag.")
        if len(self._open) >= MAX_DEPTH:
            raise self._refused(line, f"is nested deeper than {MAX_DEPTH}", "A connection needs no more than six levels.")
        values: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._open.append(_Section(self._put(line, values), values))

    def _take(self, line: int, text: str, is_nothing: bool) -> None:
        section = self._open[-1] if self._open else None
        if section is None or not isinstance(section.values, dict) or section.key is not None:
            self._put(line, None if is_nothing else text)
            return
        at = (*section.at, text)
        if text == "<<":
            raise self._refused(line, "merge keys (<<) are not read", "Write the settings out.")
        if text in section.values:
            raise self._refused(
                line, f"the key {text[:60]!r} is written twice, first in line {self.lines[at]}", "Keep one of them."
            )
        section.key, self.lines[at] = text, line + 1

    def _put(self, line: int, value: Any) -> Place:
        """Set a value at the current place of the file; returns its place."""
        if not self._open:
            self._top, self.lines[()] = value, line + 1
            return ()
        section = self._open[-1]
        if isinstance(section.values, list):
            section.values.append(value)
            at: Place = (*section.at, len(section.values) - 1)
            self.lines[at] = line + 1
        elif section.key is None:
            raise self._refused(line, "a key is a list or a section", "A key is a plain word.")
        else:
            section.values[section.key] = value
            at, section.key = (*section.at, section.key), None
        return at

    def _refused(self, line: int, words: str, remedy: str) -> Broken:
        return _refusal(self.path, line, words, remedy)


def _is_nothing(event: yaml.ScalarEvent) -> bool:
    return event.style is None and event.tag is None and event.value in _NOTHING


def _problem(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    words = " ".join(str(error.problem or "").split())
    if "'\\t'" in words:
        return "there is a tab where YAML allows none", "Indent with spaces."
    if "<block" in words:
        return "is not YAML: the indentation does not fit the lines above", "Indent like the settings beside it."
    return f"is not YAML: {words}", "Correct it; a text with : # & * ! or % in it needs quotes."
