"""How an https connection is verified: TLS 1.2 or later, the system's authorities, with a private one and a client certificate on top.

There is no way to turn verification off, nor is the environment asked (`SSLKEYLOGFILE` would write the session's keys into a file).
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
    """PEM texts of one side: a private authority, and what the server knows us by. Empty = none."""

    authority: str = ""
    certificate: str = ""
    key: str = ""


def context(material: Material) -> ssl.SSLContext:
    """The TLS settings of a session. Raises `Broken` naming which part is unfit, never showing it."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_default_certs(ssl.Purpose.SERVER_AUTH)
    made.set_alpn_protocols(["http/1.1"])
    if material.authority:
        _trust(made, material.authority)
    if material.certificate or material.key:
        _show(made, material)
    return made


def _trust(made: ssl.SSLContext, authority: str) -> None:
    try:
        made.load_verify_locations(cadata=authority)
    except (ssl.SSLError, ValueError) as error:
        raise Broken("ca_file: this is no PEM certificate.", "Name the PEM file of the authority that signs the server.") from error


def _show(made: ssl.SSLContext, material: Material) -> None:
    if not material.certificate or not material.key:
        raise Broken("client_certificate and client_key belong together.", "Name both, or neither.")
    try:
        with _as_file(f"{material.key}\n{material.certificate}\n".encode()) as path:
            # an empty password for an encrypted key: else OpenSSL asks at the terminal and waits
            made.load_cert_chain(path, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "unreadable"
        raise Broken(
            f"client_certificate and client_key do not fit ({reason}).", "Give a PEM certificate and its key without a password."
        ) from error


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path under which OpenSSL can read `content`: memory where the system has such files, else a file of this user alone."""
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
