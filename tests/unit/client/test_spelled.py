"""A secret is found however it was written: as a form, an address, JSON, HTML or a dump, once or twice over; and nothing else is lost."""

from __future__ import annotations

import base64
import html
import json
import time
import urllib.parse
from collections.abc import Callable
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from runtime import redaction
from runtime.spelled import plain

PASSWORD, CLIENT_SECRET = "p\"ä'ss/wörd&<+ %", 's3cr"et/\\x y&=\U0001f511'


class _Credentials(BaseModel):
    username: SecretStr = SecretStr("spelled connector@acme")
    password: SecretStr = SecretStr(PASSWORD)
    client_id: SecretStr = SecretStr("spelled:ient/1+")
    client_secret: SecretStr = SecretStr(CLIENT_SECRET)


@pytest.fixture(autouse=True, scope="module")
def _known() -> None:
    redaction.know(_Credentials())


def _inside(text: str) -> str:
    return json.dumps(text)[1:-1]


def _escaped(text: str) -> str:
    """JSON as serialisers write it that are wary of HTML."""
    return "".join(f"\\u{ord(one):04X}" if one in "&<>'+\"" else one for one in text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "address": lambda text: urllib.parse.quote(text, safe=""),
    "address, lower": lambda text: urllib.parse.quote(text, safe="").replace("%2F", "%2f").replace("%C3", "%c3"),
    "address, twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    "form": urllib.parse.quote_plus,
    "JSON": _inside,
    "JSON, twice": lambda text: _inside(_inside(text)),
    "JSON, thrice": lambda text: _inside(_inside(json.dumps(text, ensure_ascii=False)[1:-1])),
    "JSON, wary of HTML": _escaped,
    "HTML": html.escape,
    "HTML, decimal": lambda text: "".join(f"&#{ord(one)};" if one in "&<>'\"" else one for one in text),
    "HTML, twice": lambda text: html.escape(html.escape(text)),
    "XML attribute": lambda text: quoteattr(text)[1:-1],
    "repr": lambda text: repr(text)[1:-1],
    "repr of bytes": lambda text: repr(text.encode())[2:-1],
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "Base64 without its end": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "Base64 of addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("secret", [PASSWORD, CLIENT_SECRET], ids=["password", "client secret"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_found_in_every_spelling(secret: str, spelling: str) -> None:
    said = SPELLINGS[spelling](secret)
    assert redaction.redacted(f"<{said}> 100% &c. \\ <{said}>") == "<[redacted]> 100% &c. \\ <[redacted]>"
    assert redaction.redacted(said) == "[redacted]"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("way", [str, urllib.parse.quote_plus, lambda text: urllib.parse.quote(text, safe="")])
def test_user_and_password_are_found_as_http_basic_sends_them(encoding: str, way: Callable[[str], str]) -> None:
    own = _Credentials()
    pairs = [(own.username, own.password)] + ([(own.client_id, own.client_secret)] if encoding == "utf-8" else [])
    for user, password in pairs:
        pair = f"{way(user.get_secret_value())}:{way(password.get_secret_value())}".encode(encoding)
        sent = base64.b64encode(pair).decode()
        assert redaction.redacted(f"Authorization: Basic {sent}") == "Authorization: Basic [redacted]"
        assert redaction.redacted(urllib.parse.quote(sent, safe="")) == "[redacted]"


@given(st.text(alphabet=st.sampled_from("%25aF+\\xu0d8'\"/&amp;lt#1 ;ä")))
def test_each_character_of_the_plain_text_has_its_place(text: str) -> None:
    found = plain(text)
    ends = [found.span(place, place + 1) for place in range(len(found.text))]
    assert all(start < end for start, end in ends)
    assert [start for start, _ in ends[1:]] == [end for _, end in ends[:-1]]
    assert (ends[0][0], ends[-1][1]) == (0, len(text)) if ends else not text


@pytest.mark.parametrize("part", ["\\", "%", "%25", "&amp;", "&", "\\u", "\\ud83d", "%2", "&#", "\\x4", "a"])
def test_it_is_linear_in_the_length_of_the_text(part: str) -> None:
    began = time.process_time()
    plain(part * (400_000 // len(part)))
    assert time.process_time() - began < 400_000 * 50e-6
