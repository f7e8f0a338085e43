"""Secrets that this process knows: in no error, no log line and no answer's words, however the other side echoes them."""

from __future__ import annotations

import html
import json
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
import structlog
from pydantic import BaseModel, SecretStr

from runtime import errors, redaction
from runtime.exchange import NotSent
from runtime.log import PROCESSORS
from runtime.reach import Proxy
from runtime.redaction import SHOWN, know, know_for_a_while, redacted, told
from systems.contract import Answer, Verdict

SECRET = 'p/q+r s="t"&ü\\x'
SPELLED = [
    SECRET,
    quote(SECRET),
    quote(SECRET, safe=""),
    quote_plus(SECRET),
    quote_plus(SECRET).lower().replace("p%2fq", "p%2fq"),
    html.escape(SECRET),
    json.dumps(SECRET)[1:-1],
    json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    json.dumps(SECRET, ensure_ascii=False)[1:-1],
    b64encode(SECRET.encode()).decode(),
    b64encode(f"somebody:{SECRET}".encode()).decode(),
]


class Credentials(BaseModel):
    username: SecretStr = SecretStr("somebody")
    password: SecretStr = SecretStr(SECRET)
    app_key: SecretStr = SecretStr("tiger")
    client_id: SecretStr = SecretStr("")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", redaction._Known())
    know(Credentials())


@pytest.mark.parametrize("spelled", SPELLED)
def test_an_echo_in_any_encoding_is_kept_out(spelled: str) -> None:
    assert redacted(f"[{spelled}]") == f"[{SHOWN}]"


def test_a_short_secret_is_found_as_a_word_alone() -> None:
    assert redacted("tiger, tigers and app_key=tiger&x") == f"{SHOWN}, tigers and app_key={SHOWN}&x"


@pytest.mark.parametrize("length", range(1, 60))
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(length: int) -> None:
    said = told(f"password={SECRET} was not taken", length)
    assert not any(SECRET[:size] in said for size in range(4, len(SECRET)))
    assert len(said) <= length


def test_what_another_side_says_is_one_line_without_control_characters() -> None:
    assert told(b"a\x1b[31m\r\nb\x00\xff\xc2\x9bc", 50) == "a [31m b \N{REPLACEMENT CHARACTER} c"


@pytest.mark.parametrize(
    "made",
    [
        lambda: errors.Transient(f"said {SECRET}"),
        lambda: errors.Throttled(f"said {SECRET}", 3),
        lambda: errors.Refused(f"said {SECRET}", SECRET),
        lambda: errors.Broken(f"said {SECRET}", f"Change {SECRET}."),
        lambda: errors.Unsure(f"said {SECRET}"),
        lambda: NotSent(f"said {SECRET}"),
    ],
)
def test_no_error_of_ours_shows_it(made: Callable[[], errors.ConnectorError]) -> None:
    error = made()
    shown = [str(error), *map(str, error.args), *map(str, vars(error).values())]
    assert not any(SECRET in one for one in shown)
    assert SHOWN in shown[0]


def test_the_words_of_an_answer_that_go_to_the_ledger_do_not_show_it() -> None:
    answer = Answer(Verdict.REJECT, code=SECRET, words=f"no: {SECRET}")
    assert (answer.code, answer.words) == (SHOWN, f"no: {SHOWN}")


def test_no_line_of_the_log_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    logger = structlog.wrap_logger(structlog.PrintLogger(), processors=PROCESSORS)
    proxy = Proxy("http://p", "u", "secret-of-proxy")
    logger.error("x", a=SECRET, b=[{"c": SECRET}], d=proxy, exc_info=ValueError(f"echoed {SECRET}"))
    logger.warning("y", said=f"{quote(SECRET)} secret-of-proxy", number=7, none=None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["x", "y"]
    assert not any(one in str(lines) for one in (*SPELLED, "secret-of-proxy"))
    assert (lines[0]["a"], lines[0]["b"], lines[1]["number"], lines[1]["none"]) == (SHOWN, [{"c": SHOWN}], 7, None)
    assert "ValueError: echoed" in lines[0]["exception"]


def test_tokens_are_known_for_a_while_and_credentials_for_ever() -> None:
    for number in range(5000):
        know_for_a_while(f"token-{number:06d}")
    assert redacted("token-004999") == SHOWN
    assert redacted("token-000000") == "token-000000"
    assert redacted(SECRET) == SHOWN
