"""References lead to the environment and to one folder, nowhere else; what they lead to is one line of text and never shown."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime import secrets
from runtime.errors import Broken
from runtime.secrets import MAX_SECRET_BYTES, KeyRing, Sources, resolve

CANARY = "canary-7f3a"


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A secrets folder below the test's, a key ring beside it."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    secrets.write_ring(tmp_path / "ring", KeyRing((secrets.new_key(datetime.now(UTC)),)))
    return Sources({}, folder, tmp_path / "ring")


def held(folder: Path, content: bytes) -> str:
    (folder / "secret").write_bytes(content)
    return "file:secret"


ENDS = ["{}", "{}\n", "{}\r\n", "{}\n\n", "\ufeff{}", "\ufeff{}\r\n"]


@pytest.mark.parametrize("written", ENDS)
def test_line_ends_and_a_byte_order_mark_are_no_part_of_a_secret(sources: Sources, written: str) -> None:
    """A webhook key from `echo` or Windows ended in a line end, and every webhook was answered 401."""
    text = written.format(CANARY)
    assert sources.folder is not None
    assert resolve(held(sources.folder, text.encode()), sources).get_secret_value() == CANARY
    assert resolve("env:TOKEN", Sources({"TOKEN": text})).get_secret_value() == CANARY


UNFIT = {
    "a blank at the end": f"{CANARY} ",
    "a blank at the end of the line": f"{CANARY} \n",
    "a blank first": f" {CANARY}",
    "a tab at the end": f"{CANARY}\t",
    "a no-break space": f"{CANARY}\u00a0",
    "a zero-width space": f"{CANARY}\u200b",
    "a byte order mark at the end": f"{CANARY}\ufeff",
    "a zero-width space within": f"{CANARY}\u200bmore",
    "a soft hyphen within": f"{CANARY}\u00admore",
    "a no-break space within": f"{CANARY}\u00a0more",
    "a joiner within": f"{CANARY}\u2060more",
    "a tab within": f"{CANARY}\tmore",
    "a carriage return within": f"{CANARY}\rmore",
    "a blank on a second line": f"{CANARY}\n ",
    "a next line": f"{CANARY}\x85",
    "two lines": f"{CANARY}\nmore",
    "two lines of Windows": f"{CANARY}\r\nmore",
    "a line separator": f"{CANARY}\u2028more",
    "a NUL": f"{CANARY}\x00more",
    "an escape": f"{CANARY}\x1b[2J",
    "nothing": "",
    "a line end": "\r\n",
    "a blank": " ",
    "what a template says": "FILL IN",
    "what another template says": "<FILL_IN>",
    "what a template says in small letters": "fill-in",
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_secret_that_nobody_could_use_is_refused_without_being_shown(sources: Sources, kind: str) -> None:
    assert sources.folder is not None
    for reference, where in ((held(sources.folder, UNFIT[kind].encode()), sources), ("env:TOKEN", Sources({"TOKEN": UNFIT[kind]}))):
        with pytest.raises(Broken, match=f"^{reference}") as refusal:
            resolve(reference, where)
        assert "canary" not in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [CANARY.encode("utf-16"), CANARY.encode("utf-16-le"), b"\xff" + CANARY.encode()])
def test_bytes_that_are_no_text_are_refused(sources: Sources, content: bytes) -> None:
    assert sources.folder is not None
    with pytest.raises(Broken, match="file:secret"):
        resolve(held(sources.folder, content), sources)
    with pytest.raises(Broken, match="env:TOKEN"):
        resolve("env:TOKEN", Sources({"TOKEN": content.decode(errors="surrogateescape") + "\udcff"}))


def test_a_certificate_keeps_its_lines(sources: Sources) -> None:
    assert sources.folder is not None
    pem = "-----BEGIN X-----\nabc\n-----END X-----\n"
    assert resolve(held(sources.folder, f"\ufeff{pem}".encode()), sources, lines=True).get_secret_value() == pem


def test_files_of_the_folder_are_named_by_name_or_by_whole_path(sources: Sources) -> None:
    assert sources.folder is not None
    held(sources.folder, CANARY.encode())
    for where in ("secret", "./secret", str(sources.folder / "secret")):
        assert resolve(f"file:{where}", sources).get_secret_value() == CANARY


def test_links_inside_of_the_folder_are_followed_as_mounted_secrets_need_it(sources: Sources) -> None:
    assert sources.folder is not None
    (sources.folder / "..data").mkdir()
    (sources.folder / "..data" / "secret").write_text(CANARY)
    (sources.folder / "secret").symlink_to("..data/secret")
    assert resolve("file:secret", sources).get_secret_value() == CANARY


@pytest.mark.parametrize(
    "where", ["../outside", "{}/outside", "link", "folder/outside", "/etc/passwd", "/proc/self/environ", "../ring"]
)
def test_nothing_outside_of_the_folder_is_read(sources: Sources, tmp_path: Path, where: str) -> None:
    """`file:` read anything that the user may read; a listener was sent the key ring as a "password"."""
    assert sources.folder is not None
    (tmp_path / "outside").write_text(CANARY)
    (sources.folder / "link").symlink_to(tmp_path / "outside")
    (sources.folder / "folder").symlink_to(tmp_path)
    with pytest.raises(Broken, match="leads out of the secrets folder"):
        resolve(f"file:{where.format(tmp_path)}", sources)


def test_the_key_ring_is_never_a_secret(sources: Sources, tmp_path: Path) -> None:
    assert sources.folder is not None
    os.link(tmp_path / "ring", sources.folder / "linked")
    (sources.folder / "copied").write_bytes((tmp_path / "ring").read_bytes())
    for where in ("linked", "copied"):
        with pytest.raises(Broken, match="is a key ring"):
            resolve(f"file:{where}", sources)


def test_a_file_that_is_too_large_or_no_file_is_refused(sources: Sources) -> None:
    assert sources.folder is not None
    with pytest.raises(Broken, match="is over"):
        resolve(held(sources.folder, b"a" * (MAX_SECRET_BYTES + 1)), sources)
    os.mkfifo(sources.folder / "pipe")
    (sources.folder / "sub").mkdir()
    (sources.folder / "round").symlink_to("round")
    for where, said in (
        ("pipe", "is not a file"),
        ("sub", "is not a file|Is a directory"),
        ("round", "cannot be read"),
        ("none", "cannot be read"),
    ):
        with pytest.raises(Broken, match=said):
            resolve(f"file:{where}", sources)


@pytest.mark.parametrize("folder", [None, Path("/nowhere/at/all")])
def test_without_a_folder_no_file_is_read(folder: Path | None) -> None:
    with pytest.raises(Broken, match="ML_CONNECTOR_SECRETS_DIR"):
        resolve("file:secret", Sources({}, folder))


@pytest.mark.parametrize("reference", ["env:NONE", "env:EMPTY"])
def test_a_reference_that_leads_nowhere_is_named(reference: str) -> None:
    with pytest.raises(Broken, match=reference):
        resolve(reference, Sources({"EMPTY": ""}))


@pytest.mark.parametrize("plain", [CANARY, "env:", "file:", f"ENV:{CANARY}", ""])
def test_a_secret_in_plain_is_refused_and_not_shown(plain: str) -> None:
    with pytest.raises(Broken, match="in plain") as refusal:
        resolve(plain, Sources({}))
    assert "canary" not in str(refusal.value)
