"""Authorities and certificates made on the spot, a TLS server that keeps what it was asked, a CONNECT proxy that keeps where it was sent."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "fin.acme.example"


@dataclass(frozen=True)
class Signed:
    """A certificate and its key as PEM."""

    certificate: str
    key: str

    def file(self, folder: Path, name: str) -> Path:
        """Both in one file, for a server."""
        path = folder / name
        path.write_text(self.key + self.certificate)
        return path


class Authority:
    """A private authority."""

    def __init__(self, name: str = "Acme private") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        built = _builder(self._name, self._name, self._key, timedelta(days=1))
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        self._certificate = built.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        """Its own certificate."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    def sign(self, name: str, life: timedelta = timedelta(days=1), password: str = "") -> Signed:
        """A certificate for a host name or address, good as server and client."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        try:
            known: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            known = x509.DNSName(name)
        built = _builder(subject, self._name, key, life).add_extension(x509.SubjectAlternativeName([known]), critical=False)
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        made = built.add_extension(x509.ExtendedKeyUsage(both), critical=False).sign(self._key, hashes.SHA256())
        hidden = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden).decode()
        return Signed(made.public_bytes(Encoding.PEM).decode(), pem)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + life)
    )


@dataclass
class Asked:
    """What a server or proxy saw."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Server names of the handshakes (SNI)."""


def server_context(signed: Signed, folder: Path, clients: Authority | None = None) -> ssl.SSLContext:
    """A server's TLS; with `clients` it wants a certificate of that authority."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(signed.file(folder, "server.pem"))
    if clients is not None:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(cadata=clients.pem)
    return made


@asynccontextmanager
async def https(context: ssl.SSLContext, host: str = "127.0.0.1") -> AsyncIterator[Asked]:
    """A server that answers each request with 200 and `whole`."""
    asked = Asked()
    context.sni_callback = lambda _socket, name, _context: asked.names.append(name)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                asked.heads.append(head)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole")
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, host, 0, ssl=context) as server:
        asked.port = server.sockets[0].getsockname()[1]
        yield asked


@asynccontextmanager
async def connect_proxy(to_port: int, status: bytes = b"200 Connection established") -> AsyncIterator[Asked]:
    """A proxy that takes every CONNECT to 127.0.0.1:`to_port`, or refuses it with `status`."""
    asked = Asked()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
        await writer.drain()
        if not status.startswith(b"200"):
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        asked.port = server.sockets[0].getsockname()[1]
        yield asked


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


class Names:
    """A resolver that answers in turn and counts the questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]
