"""Searching runs by words: those of the title, the id, and the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from server.store import Search

SHORT_ID = 8
"""A word of at least so many characters may be the beginning of an id. A shorter one would often be a number that somebody looks for."""


def searching(text: str) -> Search | None:
    """The test whether a run has every word of the text; None where the text has no word.

    `path=value` is a field of the configuration, as in the address bar (`network.depth=50`); a number is the value of some
    field; any other word is part of the title or of a choice's name, or the beginning of the id, of eight characters or more. Upper
    and lower case are the same.
    """
    words = text.casefold().split()
    if not words:
        return None
    return lambda run_id, title, config: all(_has(word, run_id, title or "", dict(_fields(config))) for word in words)


def _has(word: str, run_id: str, title: str, fields: Mapping[str, Any]) -> bool:
    path, is_field, value = word.partition("=")
    if is_field and path in fields:
        return _same(fields[path], value)
    names = (value for value in fields.values() if isinstance(value, str))
    if len(word) >= SHORT_ID and run_id.startswith(word):
        return True
    return any(word in text.casefold() for text in (title, *names)) or any(_same(value, word) for value in fields.values())


def _same(value: Any, text: str) -> bool:
    """Whether the text is the value as JSON writes it, or another way to write the same number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text == (value if isinstance(value, str) else json.dumps(value)).casefold()
    try:
        return float(text) == value
    except ValueError:
        return False


def _fields(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted paths and values."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}".casefold(), value
