"""How an https connection is verified: TLS 1.2 or later, and the system's authorities, with a private authority and a client certificate if
given.

Verification cannot be turned off, and the environment has no influence (`SSLKEYLOGFILE` would write the session's keys into a file).
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import Broken


@dataclass(frozen=True)
class Material:
    """The PEM texts of one side: a private authority, and the certificate and key that we show to the server. Empty = none."""

    authority: str = ""
    certificate: str = ""
    key: str = ""


def context(material: Material) -> ssl.SSLContext:
    """The TLS settings of a session. Raises `Broken` naming the part that is unfit, never showing it."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_default_certs(ssl.Purpose.SERVER_AUTH)
    made.set_alpn_protocols(["http/1.1"])
    if material.authority:
        _trust(made, material.authority)
    if material.certificate or material.key:
        _load_client_certificate(made, material)
    return made


def _trust(made: ssl.SSLContext, authority: str) -> None:
    try:
        made.load_verify_locations(cadata=authority)
    except (ssl.SSLError, ValueError) as error:
        raise Broken(
            "ca_file: this is not a PEM certificate.", "Name the PEM file of the authority that signs the server."
        ) from error


def _load_client_certificate(made: ssl.SSLContext, material: Material) -> None:
    if not material.certificate or not material.key:
        raise Broken("client_certificate and client_key belong together.", "Name both, or neither.")
    try:
        with _as_file(f"{material.key}\n{material.certificate}\n".encode()) as path:
            # an empty password for an encrypted key; otherwise OpenSSL would ask at the terminal and wait
            made.load_cert_chain(path, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "unreadable"
        raise Broken(
            f"client_certificate and client_key do not fit ({reason}).", "Give a PEM certificate and its key without a password."
        ) from error


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path under which OpenSSL can read `content`: memory if the system has such files, otherwise a file that only this user can read."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("client-certificate")
        try:
            os.write(descriptor, content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with tempfile.NamedTemporaryFile() as out:
        out.write(content)
        out.flush()
        yield out.name
