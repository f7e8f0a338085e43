"""YAML is read as it is written: a code keeps its text, and whatever cannot be read is one line with file and line number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.connections.files import read_connection
from console.connections.fitting import Unfit, fitted
from console.connections.written import MAX_BYTES, parsed
from runtime.errors import Broken
from tests.unit.console.connections.ground import TEXT, file_with

CODES = (
    "00123",
    "010",
    "040100",
    "2200.10",
    "0x10",
    "0b11",
    "0o17",
    "12:30",
    "1:30:00",
    "1_000",
    "8.0e+4",
    "1e5",
    "+5",
    "-0",
    ".5",
)
MORE = ("true", "no", "Yes", "off", "y", "2026-01-01", "2026-01-01 10:00:00", "=", "1.", ".inf", ".NaN", "00:00")


@pytest.mark.parametrize("code", [*CODES, *MORE])
@pytest.mark.parametrize("written", ["{}", "'{}'", '"{}"'])
def test_a_code_is_the_text_that_stands_in_the_file(tmp_path: Path, code: str, written: str) -> None:
    """`company_id: 00123` was read as 83 and `branch: 010` as 8, and `plan` accepted both."""
    made = written.format(code)
    path = file_with(tmp_path, ("company_id: ACME", f"company_id: {made}"), ("sales: 40000", f"sales: {made}"))
    own: Any = read_connection(path).settings.erp.own()
    assert (own.company_id, own.accounts.sales) == (code, code)


@pytest.mark.parametrize("code", ["00123", "0x10", "no", "12:30", "null"])
def test_a_key_is_the_text_that_stands_in_the_file(tmp_path: Path, code: str) -> None:
    path = file_with(tmp_path, ("    branch: MAIN", f"    branch: MAIN\n    push_entities: {{{code}: customer}}"))
    own: Any = read_connection(path).settings.erp.own()
    assert own.push_entities == {code: "customer"}


@pytest.mark.parametrize("nothing", ["null", "~", "", "Null"])
def test_nothing_where_a_code_should_be_is_refused(tmp_path: Path, nothing: str) -> None:
    path = file_with(tmp_path, ("company_id: ACME", f"company_id: {nothing}"))
    with pytest.raises(Unfit, match=r"connection\.yaml:20: erp\.settings\.company_id: is empty.*quotes"):
        read_connection(path)


@pytest.mark.parametrize("number", ["010", "0x10", "1_000", "12:30", "8.0e+4", "inf", "nan", "9" * 5000, "٥", "1,000"])
def test_a_number_that_can_be_read_otherwise_is_refused(tmp_path: Path, number: str) -> None:
    path = file_with(tmp_path, ("group: st, calls: 60", f"group: st, calls: '{number}'"))
    with pytest.raises(Unfit, match=r":8: field_service\.quota\.calls: .*plain number") as refused:
        read_connection(path)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("day", ["0", "1767225600", "20260101", "2026-1-1", "01/02/2026", "2026-02-30", "2026-01-01T00:00:00"])
def test_a_day_that_can_be_read_otherwise_is_refused(tmp_path: Path, day: str) -> None:
    path = file_with(tmp_path, ("cutover_date: 2026-03-01", f"cutover_date: {day}"))
    with pytest.raises(Unfit, match=r":27: flows\.A1\.cutover_date: "):
        read_connection(path)


UNSEEN = [
    "00123 ",
    " 00123",
    "00123\u00a0",
    "\u200b00123",
    "00\u00ad123",
    "00123\ufeff",
    "00\u2003123",
    "\u3164",
    "00123\u2060",
    "00123\ufe0f",
]


@pytest.mark.parametrize("code", UNSEEN)
@pytest.mark.parametrize("old", ["company_id: ACME", "branch: MAIN", "sales: 40000", "tenant: Company", "label: Acme"])
def test_what_nobody_sees_in_a_code_is_refused(tmp_path: Path, old: str, code: str) -> None:
    """`branch: "MAIN "` was another branch than the ERP's, and `plan` accepted it."""
    path = file_with(tmp_path, (old, f'{old.partition(":")[0]}: "{code}"'))
    with pytest.raises(Broken, match=r"connection\.yaml:\d+: a text begins or ends with a blank.*Type it again") as refused:
        read_connection(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "written", ["40000\n        50000", "40000\n        discount 45000", "'40000\n        50000'", '"40\\\n        000"']
)
def test_a_code_over_several_lines_is_refused(tmp_path: Path, written: str) -> None:
    """A setting below whose colon was forgotten became part of the account above it."""
    with pytest.raises(Broken, match=r"connection\.yaml:23: a text holds a line end"):
        read_connection(file_with(tmp_path, ("sales: 40000", f"sales: {written}")))


def test_accents_are_composed(tmp_path: Path) -> None:
    own: Any = read_connection(file_with(tmp_path, ("tenant: Company", "tenant: Socie\u0301te\u0301"))).settings.erp.own()
    assert own.tenant == "Soci\u00e9t\u00e9"


@pytest.mark.parametrize("wrong", ["branch: ~", "branch: [MAIN]", "branch: {a: MAIN}", "branch: ''"])
def test_a_setting_of_a_system_that_does_not_fit_is_told_once_at_its_place(tmp_path: Path, wrong: str) -> None:
    """It was told twice, the other time in another line."""
    with pytest.raises(Unfit, match=r"connection\.yaml:21: erp\.settings\.branch: ") as refused:
        read_connection(file_with(tmp_path, ("branch: MAIN", wrong)))
    assert len(refused.value.lines) == 1


UNREADABLE = {
    "a key that is a list": ("? [a]\n: b\n", 1),
    "a key that is a section": ("a: 1\n? {b: c}\n: d\n", 2),
    "lists in lists": ("a: " + "[" * 5000, 1),
    "sections in sections": ("a: " + "{b: " * 5000, 1),
    "lists by lines": ("- " * 5000, 1),
    "an alias": ("a: &x [b]\nc: *x\n", 1),
    "an alias bomb": ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", 1),
    "a merge key": ("a: {b: 1}\n<<: {c: 2}\n", 2),
    "a key twice": ("a: 1\nb: 2\na: 3\n", 3),
    "a key twice below": ("a:\n  b: 1\n  'b': 2\n", 3),
    "a tab": ("a:\n\tb: 1\n", 2),
    "an object": ("a: !!python/object/apply:os.system ['true']\n", 1),
    "a number by tag": ("a: b\nc: !!int 010\n", 2),
    "a second document": ("a: 1\n---\nb: 2\n", 2),
    "a control character": ("a: 1\nb: '\x07'\n", 2),
    "an escaped control character": ('a: 1\nb: "\\0"\n', 2),
    "half a surrogate pair": ('a: "\\ud800"\n', 1),
    "an escape beyond Unicode": ('a: "\\U00110000"\n', 1),
    "lines in a text": ("a: |\n  b\n  c\n", 1),
    "too many values": ("a: [" + "b," * 6000 + "b]\n", 1),
    "an open quote": ("a: 1\nb: 'c\n", 3),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_one_line_with_its_place(kind: str) -> None:
    """`? [a]`, deep nesting and huge numbers ended `plan` with a traceback."""
    text, line = UNREADABLE[kind]
    with pytest.raises(Broken, match=rf"^c\.yaml:{line}: ") as refused:
        parsed(Path("c.yaml"), text.encode())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"a: 1\nb: \xff\n", "a: 1\nb: é\n".encode("latin-1")])
def test_bytes_that_are_not_utf8_are_told_with_their_line(content: bytes) -> None:
    with pytest.raises(Broken, match=r"^c\.yaml:2: is not UTF-8\. Save the file as UTF-8\.$"):
        parsed(Path("c.yaml"), content)


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(Broken, match="is over"):
        parsed(Path("c.yaml"), b"a" * (MAX_BYTES + 1))


def test_a_byte_order_mark_is_skipped() -> None:
    assert parsed(Path("c.yaml"), b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").values == {"a": "1", "b": "2"}


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"text", b"[1, 2]", b"null"])
def test_a_file_without_settings_is_refused(content: bytes) -> None:
    with pytest.raises(Unfit, match=r"c\.yaml: 1 setting.*\n.*no settings"):
        fitted(parsed(Path("c.yaml"), content))


def read_or_refused(content: bytes) -> None:
    """Values or an error of ours, each in one line; nothing else, whatever the bytes are."""
    told: tuple[str, ...] = ()
    try:
        fitted(parsed(Path("c.yaml"), content))
    except Unfit as error:
        told = error.lines
    except Broken as error:
        told = (str(error),)
    assert not any("\n" in line for line in told)
    "".join(told).encode()


@given(st.binary(max_size=300))
@example(b"\xff\xfea\x00")
def test_any_bytes_are_values_or_our_error(content: bytes) -> None:
    read_or_refused(content)


@given(st.text(max_size=200))
@example("%TAG ! x\n---\na")
@example("a: \u2028b")
def test_any_text_is_values_or_our_error(text: str) -> None:
    read_or_refused(text.encode("utf-8", "surrogatepass"))


WORDS = "a|b: |: |- |? |\n|\n  |\n    |[|]|{|}|, |'|\"|&x |*x|!|!!int |>|#|<<: |0x1|\t|---\n|...\n|%|~|\\u0000|\\|é|😀"
YAML_PARTS = st.sampled_from([*WORDS.split("|"), "|"])


@given(st.lists(YAML_PARTS, max_size=40))
def test_any_pieces_of_yaml_are_values_or_our_error(parts: list[str]) -> None:
    read_or_refused("".join(parts).encode())


PLACES = sorted({line.strip().partition(":")[0] for line in TEXT.splitlines() if not line.strip().startswith("-")})


@given(st.sampled_from(PLACES), st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_value_of_any_setting_fits_or_is_our_error(key: str, value: str) -> None:
    lines = [f"{line.partition(':')[0]}: {value}" if line.strip().startswith(f"{key}:") else line for line in TEXT.splitlines()]
    read_or_refused("\n".join(lines).encode("utf-8", "surrogatepass"))
