"""Messages of commands are compared word by word."""

from __future__ import annotations

import pytest

from runtime import redaction


@pytest.fixture(autouse=True)
def _knows_no_secret_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process keeps every secret that it met out of its messages; a test's password is a word of another test's message."""
    monkeypatch.setattr(redaction, "_known", redaction._Known())
