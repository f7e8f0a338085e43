"""GROUP BY as in Oracle, which SQLite does not enforce: a column that is selected beside it, or beside an aggregate, has to be grouped.

Only the outermost SELECT is checked, and no UNION. A query that is not checked is run.
"""

from __future__ import annotations

_AGGREGATES = frozenset({"count", "sum", "min", "max", "avg"})
_STEPS = {"(": 1, ")": -1}
_COMPOUND = ("union", "intersect", "minus")


class NotParsed(Exception):
    """The query is wrong, or this simulator cannot read it; the words say what."""


def refuse_ungrouped(texts: list[str], names: set[int]) -> None:
    """Check the tokens of a query; `names` are the places of those that are names. Raises `NotParsed`."""
    outer = _outer(texts, names)
    first = {word: next((at for at in outer if texts[at] == word), -1) for word in ("select", "from", "group", "having", "order")}
    if any(texts[at] in _COMPOUND for at in outer) or first["from"] < first["select"]:
        return
    items = _split(texts[first["select"] + 1 : first["from"]])
    aggregated = [item for item in items if _AGGREGATES & set(_own(item))]
    if first["group"] < 0 and not aggregated:
        return
    grouped: list[list[str]] = []
    if first["group"] >= 0:
        end = min((at for at in (first["having"], first["order"]) if at > first["group"]), default=len(texts))
        grouped = _split(texts[first["group"] + 2 : end])
    known = {" ".join(item) for item in grouped} | {item[0] for item in grouped if len(item) == 1}
    for item in items:
        if item not in aggregated and "select" not in item and not _is_grouped(_without_name(item), known):
            raise NotParsed(f"not a GROUP BY expression: {' '.join(item)}")


def _is_grouped(item: list[str], known: set[str]) -> bool:
    """Whether an item is a group, a constant, or made of groups that are single columns."""
    if " ".join(item) in known or item[:1] == ["*"]:
        return " ".join(item) in known
    called = {item[at - 1] for at, text in enumerate(item) if text == "(" and at}
    columns = [text for text in item if (text[0].isalpha() or text[0] == "_") and text not in called]
    return not columns or (len(item) > 1 and "." not in item and all(column in known for column in columns))


def _own(item: list[str]) -> list[str]:
    """An item without its nested queries."""
    found, inside = [], [False]
    for text, following in zip(item, [*item[1:], ""], strict=True):
        if text == "(":
            inside.append(inside[-1] or following == "select")
        if not inside[-1]:
            found.append(text)
        if text == ")":
            inside.pop()
    return found


def _outer(texts: list[str], names: set[int]) -> list[int]:
    """The places of names outside all parentheses."""
    found, depth = [], 0
    for at, text in enumerate(texts):
        depth += _STEPS.get(text, 0)
        if depth == 0 and at in names:
            found.append(at)
    return found


def _split(texts: list[str]) -> list[list[str]]:
    """The items of a list, split at its top-level commas."""
    items: list[list[str]] = [[]]
    depth = 0
    for text in texts:
        depth += _STEPS.get(text, 0)
        if text == "," and depth == 0:
            items.append([])
        else:
            items[-1].append(text)
    return items


def _without_name(item: list[str]) -> list[str]:
    """An item without its alias."""
    words = [text for text in item if text != "distinct"]
    if words[-2:-1] == ["as"]:
        return words[:-2]
    is_named = len(words) > 1 and words[-2] not in (".", "(", ",", "+", "-", "*", "/", "||") and words[-1] != ")"
    return words[:-1] if is_named else words
