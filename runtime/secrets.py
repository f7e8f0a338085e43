"""Secrets at rest: what a reference leads to, the key ring, and envelopes that open only for the connection that they were made for.

Every credential set has a data key of its own (AES-256-GCM, connection and purpose as associated data). The data key is wrapped (AES key
wrap, RFC 3394) with the newest key of the ring. Any key of the ring unwraps. A rotation adds a key, wraps the data keys again and removes
the old key when it wraps nothing any more. A ciphertext that is moved to another connection or purpose does not open.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import json
import os
import re
import stat
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from pydantic import SecretStr

from runtime.errors import Broken
from runtime.json import parse
from runtime.small_files import read_small

KEY_BYTES = 32
MAX_SECRET_BYTES = 64 * 1024
"""The largest file that a reference may lead to. A chain of certificates has a few thousand bytes."""
MAX_KEYS_BYTES = 1024 * 1024
"""The largest file of keys. A key takes 150 bytes."""
_KEY_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""A key id as a signature can name it (`runtime/signing.py`)."""
_NONCE_BYTES = 12
_BLANK = re.compile(r"\W*fill[ _-]?in\W*", re.IGNORECASE)
_NEW_RING = "Make one with `ml-connector keys new FILE`."


@dataclass(frozen=True)
class RingKey:
    """One key of the ring. After `not_after` it still opens what it wrapped but wraps nothing new."""

    id: str
    created: datetime
    secret: bytes = field(repr=False)
    not_after: datetime | None = None


@dataclass(frozen=True)
class KeyRing:
    """The keys of this installation, oldest first."""

    keys: tuple[RingKey, ...]

    def newest(self, now: datetime) -> RingKey:
        """The key that wraps. Raises `Broken` if every key is past its end."""
        usable = [key for key in self.keys if key.not_after is None or key.not_after > now]
        if not usable:
            raise Broken("Every key of the key ring is past its not_after.", "Add one with `ml-connector keys rotate`.")
        return max(usable, key=lambda key: key.created)

    def by_id(self, key_id: str) -> RingKey:
        """The key with this id, which wrapped something. Raises `Broken` if it is no longer in the ring."""
        for key in self.keys:
            if key.id == key_id:
                return key
        raise Broken(f"The key ring has no key {key_id!r}.", "Put the key back, or apply the connection's credentials again.")


@dataclass(frozen=True)
class Envelope:
    """What is stored of one secret: everything but the ring."""

    key_id: str
    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes


def new_key(now: datetime) -> RingKey:
    """A new random key. Its id is the instant and four random digits."""
    return RingKey(f"{now:%Y%m%dT%H%M%S}-{os.urandom(2).hex()}", now, os.urandom(KEY_BYTES))


def read_ring(path: Path) -> KeyRing:
    """The ring in a file that only its owner can read. Raises `Broken` saying what is wrong with it, never showing a key."""
    try:
        written, found = read_small(path, MAX_KEYS_BYTES)
        mode = stat.S_IMODE(found.st_mode)
        if mode & 0o077:
            raise Broken(f"{path}: mode {mode:04o} lets others read the key ring.", f"Run: chmod 600 {path}")
        content = parse(written)
        if "role" in content:
            raise Broken(f"{path} holds the keys of one role; the whole key ring is needed.", "Name the ring's file.")
        keys = tuple(_read_key(path, entry) for entry in content["keys"])
    except OSError as error:
        raise Broken(f"{path}: the key ring cannot be read ({error.strerror}).", _NEW_RING) from error
    except (ValueError, KeyError, TypeError) as error:
        # `from None`: the parser's error would carry the file's text, which is keys
        raise Broken(f"{path} is not a key ring ({type(error).__name__}).", _NEW_RING) from None
    if not keys or len({key.id for key in keys}) != len(keys):
        raise Broken(f"{path}: the key ring is empty or has a key id twice.", _NEW_RING)
    return KeyRing(keys)


def _read_key(path: Path, entry: Mapping[str, Any]) -> RingKey:
    if not isinstance(entry["id"], str) or not _KEY_ID.fullmatch(entry["id"]):
        raise Broken(f"{path}: {entry['id']!r:.80} is not a key id.", _NEW_RING)
    try:
        secret = base64.b64decode(entry["key"], validate=True)
    except binascii.Error:
        raise Broken(f"{path}: key {entry['id']!r} is not base64.", _NEW_RING) from None
    if len(secret) != KEY_BYTES:
        raise Broken(f"{path}: key {entry['id']!r} has {len(secret)} bytes, not {KEY_BYTES}.", _NEW_RING)
    not_after = entry.get("not_after")
    return RingKey(entry["id"], _instant(entry["created"]), secret, None if not_after is None else _instant(not_after))


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant of the key ring has no zone")
    return instant


def write_ring(path: Path, ring: KeyRing) -> None:
    """Write the ring, mode 0600, all or nothing: after a crash there is the old file or the new one. If the path is a link, its target is
    written.

    A file that is itself a mount point (in a container) cannot be replaced. It is overwritten, and until that is done the complete new ring
    is in a copy next to it. The owner of the file stays the same. Raises `Broken` if it cannot be written; a copy remains only if the file
    itself may have been written in part, and then the message names it.
    """
    entries = [
        {
            "id": key.id,
            "created": key.created.isoformat(),
            "not_after": key.not_after.isoformat() if key.not_after else None,
            "key": base64.b64encode(key.secret).decode(),
        }
        for key in ring.keys
    ]
    try:
        _replace(path.resolve(), json.dumps({"keys": entries}, indent=1).encode())
    except (OSError, RuntimeError) as error:
        words = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise Broken(
            f"{path}: the key ring cannot be written ({words}).", "Nothing was changed; look at the rights of file and folder."
        ) from error


def _replace(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    copy, is_over = Path(name), True
    try:
        with os.fdopen(descriptor, "wb") as out:
            _write_through(out, content)
            with contextlib.suppress(OSError):
                owner = path.stat()
                os.fchown(out.fileno(), owner.st_uid, owner.st_gid)
        try:
            copy.replace(path)
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.EXDEV):
                raise
            is_over = False
            _overwrite(path, content, copy)
            is_over = True
    finally:
        if is_over:
            copy.unlink(missing_ok=True)


def _overwrite(path: Path, content: bytes, copy: Path) -> None:
    try:
        with path.open("r+b") as out:
            _write_through(out, content)
            out.truncate(len(content))
    except OSError as error:
        raise Broken(
            f"{path}: the key ring may be written in part ({error.strerror}).",
            f"It lies complete in {copy}: copy it over the file.",
        ) from error


def _write_through(out: BinaryIO, content: bytes) -> None:
    out.write(content)
    out.flush()
    os.fsync(out.fileno())


def seal(ring: KeyRing, bound_to: tuple[str, str], secret: bytes, now: datetime) -> Envelope:
    """Encrypt `secret` for (connection, purpose)."""
    key = ring.newest(now)
    data_key, nonce = AESGCM.generate_key(bit_length=256), os.urandom(_NONCE_BYTES)
    ciphertext = AESGCM(data_key).encrypt(nonce, secret, _associated(bound_to))
    return Envelope(key.id, aes_key_wrap(key.secret, data_key), nonce, ciphertext)


def unseal(ring: KeyRing, bound_to: tuple[str, str], envelope: Envelope) -> bytes:
    """The content of an envelope. Raises `Broken` if its key is gone, or if the envelope was changed or made for something else."""
    try:
        data_key = aes_key_unwrap(ring.by_id(envelope.key_id).secret, envelope.wrapped_key)
        return AESGCM(data_key).decrypt(envelope.nonce, envelope.ciphertext, _associated(bound_to))
    except (InvalidUnwrap, InvalidTag, ValueError) as error:
        raise Broken(
            f"{bound_to[0]}: the credentials for {bound_to[1]} do not open: changed, or sealed for something else.",
            "Apply the connection again.",
        ) from error


def rewrap(ring: KeyRing, envelope: Envelope, now: datetime) -> Envelope:
    """The same secret under the newest key of the ring; the same envelope if it is under that key already. Decrypts no secret."""
    newest = ring.newest(now)
    if envelope.key_id == newest.id:
        return envelope
    try:
        data_key = aes_key_unwrap(ring.by_id(envelope.key_id).secret, envelope.wrapped_key)
    except (InvalidUnwrap, ValueError) as error:
        raise Broken(f"A data key under {envelope.key_id!r} does not unwrap.", "Apply the connection again.") from error
    return replace(envelope, key_id=newest.id, wrapped_key=aes_key_wrap(newest.secret, data_key))


def _associated(bound_to: tuple[str, str]) -> bytes:
    # An id cannot contain "|" (systems/connection.py: CONNECTION_ID), so no two pairs have the same text.
    return f"{bound_to[0]}|{bound_to[1]}".encode()


@dataclass(frozen=True)
class Sources:
    """Where references may lead: variables of the environment, and files of one folder. `ring` is never read as a secret."""

    environment: Mapping[str, str]
    folder: Path | None = None
    ring: Path | None = None


def resolve(reference: str, sources: Sources, lines: bool = False) -> SecretStr:
    """The secret that `env:NAME` or `file:NAME` leads to, without a byte order mark and without trailing line ends.

    `lines`: it is a text of several lines (PEM). Raises `Broken` naming the reference, never its content. A secret written in plain text is
    refused without being shown. A secret with invisible characters is refused, too, because systems treat them differently.
    """
    kind, _, where = reference.partition(":")
    if kind == "env" and where:
        text = sources.environment.get(where, "")
        if not text:
            raise Broken(f"{reference}: the environment has no {where}, or it is empty.", f"Set {where}.")
    elif kind == "file" and where:
        text = _from_file(reference, where, sources)
    else:
        raise Broken(
            "A secret must be given as env:NAME or file:NAME; here it is written in plain.", "Move it and write the reference."
        )
    return SecretStr(fit(reference, text, lines))


def leads_out(reference: str, sources: Sources) -> bool:
    """Whether a reference names a file outside of the secrets folder. `resolve` refuses it whether or not the file exists."""
    kind, _, where = reference.partition(":")
    if kind != "file" or sources.folder is None:
        return False
    try:
        return _within(sources.folder, where) is None
    except (OSError, ValueError, RuntimeError):
        return True


def _within(folder: Path, where: str) -> Path | None:
    """The file of the secrets folder that a reference leads to, following links; None if it is outside. Raises OSError, ValueError or
    RuntimeError for a name that no file can have and for links that form a circle."""
    root = folder.resolve()
    path = (root / where).resolve()
    return path if path.is_relative_to(root) else None


def fit(reference: str, text: str, lines: bool = False) -> str:
    """A secret as it was read from `reference`, without a byte order mark and trailing line ends. Raises `Broken` as `resolve` does."""
    text = text.removeprefix("\ufeff")
    text = text if lines else text.rstrip("\r\n")
    plain = re.sub(r"[\r\n\t]", "", text).strip() if lines else text
    if not plain.strip():
        raise Broken(f"{reference} is empty.", "Write the secret into it.")
    if is_blank(plain):
        raise Broken(f"{reference} still says FILL IN.", "Write the secret into it.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in plain):
        raise Broken(
            f"{reference} holds a line end, a control character or bytes that are not text.", "Write it as one line of text."
        )
    if plain != plain.strip() or any(_is_unseen(character) for character in plain):
        raise Broken(
            f"{reference} begins or ends with a blank, or holds an invisible character or a blank that no keyboard types.",
            "Remove it.",
        )
    return text


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or (unicodedata.category(character) == "Zs" and character != " ")


def is_blank(text: str) -> bool:
    """Whether a value is still the text that a template asks the user to replace."""
    return bool(_BLANK.fullmatch(text))


def _from_file(reference: str, where: str, sources: Sources) -> str:
    """A file of the secrets folder. Links may lead to other files inside it, as mounted secrets do."""
    if sources.folder is None or not sources.folder.is_dir():
        raise Broken(
            f"{reference}: there is no secrets folder{f' {sources.folder}' if sources.folder else ''}.",
            "Make it, mode 0700, or name another one in ML_CONNECTOR_SECRETS_DIR.",
        )
    try:
        path = _within(sources.folder, where)
        if path is None:
            raise Broken(
                f"{reference} leads out of the secrets folder {sources.folder}.",
                "Put the file there, or name its folder in ML_CONNECTOR_SECRETS_DIR.",
            )
        content = _content(reference, path, sources.ring)
        return content.decode()
    except (OSError, ValueError, RuntimeError) as error:
        words = (
            error.strerror
            if isinstance(error, OSError)
            else "not UTF-8"
            if isinstance(error, UnicodeDecodeError)
            else "no such file"
        )
        raise Broken(f"{reference} cannot be read ({words}).", "Create the file or correct the reference.") from None


def _content(reference: str, path: Path, ring: Path | None) -> bytes:
    content, found = read_small(path, MAX_SECRET_BYTES, os.O_NOFOLLOW)
    is_ring = ring is not None and ring.exists() and os.path.samestat(found, ring.stat())
    if is_ring or (b'"keys"' in content and b'"not_after"' in content):
        raise Broken(
            f"{reference} is a key ring, which is not a secret of a connection.", "Name another file, and move the ring elsewhere."
        )
    return content
