"""Whatever bytes come from outside, a parser gives a value or one of our errors, in a time that grows with their length alone.

Inputs that made a parser work for ever are kept as families: four times as long they may take eight times as long, not sixteen. What is
compared is the least of several runs, and a family that is done at once is never slow, so that a busy machine fails nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import ConnectorError
from runtime.exchange import response
from runtime.json import canonical_bytes, envelope, member, members, parse, pieces, slices
from schemas.errors import Malformed
from systems.http.tokens import granted
from systems.peoplesoft import models as peoplesoft_models
from systems.peoplesoft import query, soap
from systems.peoplesoft.markup import parsed
from systems.servicetitan import models as servicetitan_models
from systems.servicetitan.values import plain
from tests.property.outside.nasty import NASTY

JSON = {"Content-Type": "application/json"}
JSON_READERS: list[Callable[[bytes], Any]] = [
    parse,
    lambda body: canonical_bytes(parse(body)),
    lambda body: envelope(body, "data"),
    lambda body: pieces(body, "data"),
    lambda body: pieces(body, None),
    lambda body: slices(body, None),
    lambda body: member(body, "data"),
    lambda body: granted(body, "token"),
    lambda body: servicetitan_models.list_page(response(200, body, JSON), "list"),
    lambda body: servicetitan_models.export_page(response(200, body, JSON), "feed"),
    lambda body: servicetitan_models.one_object(response(200, body), "one"),
    lambda body: query.page(response(200, body, JSON), "ML_X", 100),
]
XML_READERS: list[Callable[[bytes], Any]] = [
    parsed,
    peoplesoft_models.broker,
    lambda body: soap.tree(soap.opened(response(200, body, {"Content-Type": "text/xml"}))),
]


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """JSON with nasty values at any place, sometimes cut or with a byte changed."""
    leaf = st.sampled_from(NASTY) | st.just(b"1") | st.just(b'"text"')
    names = st.sampled_from([b'"id"', b'"data"', b'"value"', b'"total"', b'"rows"', b'"query"', b'"\\ud800"', b'"\xff"'])
    inner = st.recursive(
        leaf,
        lambda one: (
            st.lists(one, max_size=4).map(lambda found: b"[" + b",".join(found) + b"]")
            | st.lists(st.tuples(names, one), max_size=4).map(
                lambda found: b"{" + b",".join(b": ".join(two) for two in found) + b"}"
            )
        ),
        max_leaves=8,
    )
    body = draw(inner)
    if draw(st.booleans()):
        body = body[: draw(st.integers(0, len(body)))]
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf", b" ", b"\x00"])) + body


@given(documents() | st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=400, deadline=None)
def test_a_json_reader_gives_a_value_or_says_why_not(body: bytes) -> None:
    members(body)
    for read in JSON_READERS:
        with suppress(Malformed, ConnectorError):
            read(body)


PARTS = (
    b"<a> </a> <b/> <a:b> <IBResponse> </IBResponse> <!--x--> <![CDATA[ ]]> &amp; &x; &#0; &#xD800; ' '> text "
    b"<!DOCTYPE_a> <?xml_version='1.0'_encoding='UTF-16'?> <a_xmlns='u'_b=' "
    b"<s:Envelope_xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body> </s:Body></s:Envelope> \x00 \xff \xef\xbb\xbf"
).split(b" ")
XML = st.lists(st.sampled_from([part.replace(b"_", b" ") for part in PARTS]), max_size=12).map(b"".join)


@given(XML | st.binary(max_size=100))
@settings(max_examples=400, deadline=None)
def test_an_xml_reader_gives_a_value_or_says_why_not(body: bytes) -> None:
    for read in XML_READERS:
        with suppress(Malformed, ConnectorError):
            read(body)


# --- time --------------------------------------------------------------------------------------------------------------

_TIMES, _MOST, _AT_ONCE_S, _LONG_ENOUGH_S = 4, 8, 0.02, 20
Family = Callable[[int], bytes]
JSON_FAMILIES: dict[str, Family] = {
    "brackets before a string that never ends": lambda n: b"[" * 101 + b'"' + b'\\"' * n,
    "members of which the last is doubled": lambda n: b"{" + b",".join(b'"k%d":1' % i for i in range(n)) + b',"k%d":1}' % (n - 1),
    "members of which each is doubled": lambda n: b"{" + b",".join(b'"k%d":1,"k%d":2' % (i, i) for i in range(n)) + b"}",
    "halves of pairs": lambda n: b'["' + b"\\ud800" * n + b'"]',
    "digits": lambda n: b"[" + b"9" * n + b"]",
    "places": lambda n: b"[0." + b"9" * n + b"]",
    "exponents": lambda n: b"[1e" + b"9" * n + b"]",
    "arrays": lambda n: b"[" * n,
    "objects": lambda n: b'{"a":' * n,
    "blanks": lambda n: b"[" + b" " * n + b"]",
    "blanks before what is wrong": lambda n: b'{"data": [1' + b" " * n + b"x",
    "quotes": lambda n: b"[" + b'"' * n + b"]",
    "backslashes": lambda n: b'["' + b"\\" * n,
    "elements that cannot be read": lambda n: b'{"data": [' + b",".join([b"{x}"] * n) + b"]}",
    "elements of two numbers": lambda n: b'{"data": [' + b",".join([b"01"] * n) + b"]}",
    "torn elements": lambda n: b'{"data": [' + b",".join([b'{"id":1,"a":"\\ud800"}'] * n) + b"]}",
    "columns of one name": lambda n: b'{"data": [{' + b",".join(b'"A%d.X":1' % i for i in range(n)) + b',"z":NaN}]}',
    "rows of a query": lambda n: (
        b'{"status":"success","data":{"query":{"numrows":%d,"rows":[' % n
        + b",".join(b'{"attr:rownumber":%d,"A.X":NaN}' % (i + 1) for i in range(n))
        + b"]}}}"
    ),
}
XML_FAMILIES: dict[str, Family] = {
    "texts in a deep answer": lambda n: b"<IBResponse>" + b"<a>" * 200 + b"<b>x</b>" * n + b"</a>" * 200 + b"</IBResponse>",
    "answers in answers": lambda n: b"<IBResponse>" * 200 + b"<a>x</a>" * n + b"</IBResponse>" * 200,
    "attributes": lambda n: b"<a " + b" ".join(b'a%d=""' % i for i in range(n)) + b"/>",
    "namespaces": lambda n: b"<a " + b" ".join(b'xmlns:a%d="u"' % i for i in range(n)) + b"/>",
    "elements": lambda n: b"<a>" + b"<b/>" * n + b"</a>",
    "depth": lambda n: b"<a>" * n,
    "sections": lambda n: b"<a>" + b"<![CDATA[x]]>" * n + b"</a>",
    "a declaration": lambda n: b"<?xml " + b"?" * n,
}
MARKUP = [
    "<",
    "<!",
    "<!--",
    "<a ",
    "<a",
    "</",
    "<![CDATA[",
    "<![if ",
    "<?",
    "<script>",
    "<script ",
    "</script ",
    "<a b='",
    '<a b="',
    "&#",
]
MARKUP += ["&#x", "&", "<p>"]


def _takes_s(read: Callable[[bytes], Any], body: bytes) -> float:
    begun = time.thread_time()  # what others do on the machine counts nothing
    with suppress(Malformed, ConnectorError):
        read(body)
    return time.thread_time() - begun


def _require_linear(read: Callable[[bytes], Any], family: Family) -> None:
    """Four times as long takes at most eight times as long; tried a few times, for a busy machine may stop us in the middle."""
    small, large = family(5_000), family(5_000 * _TIMES)
    found: list[tuple[float, float]] = []
    for _ in range(8):
        found.append((_takes_s(read, small), _takes_s(read, large)))
        quickest = min(one for one, _ in found), min(one for _, one in found)
        if quickest[1] < max(_AT_ONCE_S, _MOST * quickest[0]):
            return
        if sum(one for _, one in found) > _LONG_ENOUGH_S:
            break
    raise AssertionError(f"{len(small)} and {len(large)} bytes take {quickest[0]:.4f} and {quickest[1]:.4f} s")


@pytest.mark.parametrize("name", JSON_FAMILIES)
@pytest.mark.parametrize("number", range(len(JSON_READERS)))
def test_a_json_reader_takes_time_by_the_byte(name: str, number: int) -> None:
    _require_linear(JSON_READERS[number], JSON_FAMILIES[name])


@pytest.mark.parametrize("name", XML_FAMILIES)
@pytest.mark.parametrize("number", range(len(XML_READERS)))
def test_an_xml_reader_takes_time_by_the_byte(name: str, number: int) -> None:
    _require_linear(XML_READERS[number], XML_FAMILIES[name])


def test_a_deep_answer_of_the_broker_takes_no_longer_than_a_flat_one() -> None:
    """Each element was read with all that lies in it: 4 MB at a depth of 250 took 53 s."""
    texts, deep = b"<b>x</b>" * 3000, (b"<a>" * 200, b"</a>" * 200)
    flat_s = min(_takes_s(peoplesoft_models.broker, b"<IBResponse>" + texts + b"</IBResponse>") for _ in range(5))
    nested = b"<IBResponse>" + deep[0] + texts + deep[1] + b"</IBResponse>"
    deep_s = min(_takes_s(peoplesoft_models.broker, nested) for _ in range(5))
    assert deep_s < max(_AT_ONCE_S, 20 * flat_s)


@pytest.mark.parametrize("unit", MARKUP)
def test_markup_takes_time_by_the_byte(unit: str) -> None:
    _require_linear(lambda body: plain({"x": body.decode()}, "x"), lambda n: unit.encode() * n)
