"""The section `network` of one side of a connection: which addresses may be called besides public https, and how the route to them is secured.

Host and port are in the system's own settings. This section holds what an on-premise site needs in addition. None of its fields can turn
verification off.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Protocol, Self, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from runtime.addresses import Grant
from runtime.reach import host_and_port

_REFERENCE = r"^((env|file):.+)?$"
SEALED = ("ca_file", "client_certificate", "client_key", "proxy_user", "proxy_password")
"""The fields that name files. `apply` reads these files and keeps their content with the connection's credentials, so that no other process needs
them."""
PEM = ("ca_file", "client_certificate", "client_key")
"""Those of these fields whose content has several lines."""


def is_pem(credentials: type[BaseModel], name: str) -> bool:
    """Whether a credential of a system is a text of several lines, as its field says by `json_schema_extra={"pem": True}`."""
    field = credentials.model_fields.get(name)
    extra = field.json_schema_extra if field is not None else None
    return isinstance(extra, dict) and extra.get("pem") is True


@runtime_checkable
class Addressed(Protocol):
    """Settings of a system that say which addresses they lead to. Nothing else is called."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Base addresses of everything that a session with these settings calls."""


class Network(BaseModel):
    """How one system is reached; all fields are empty for a system on the public internet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    private_addresses: tuple[str, ...] = Field(
        (),
        description="Grants CIDR:port beside public https: private networks, or public ones at another port. Example: [10.20.0.0/16:8443]",
    )
    proxy: str = Field(
        "",
        pattern=r"^(http://[^\s/?#@]+/?)?$",
        description="HTTP proxy for https (CONNECT); its own address has to be public or granted. Example: http://proxy.acme.example:3128",
    )
    proxy_user: str = Field("", pattern=_REFERENCE, description="User at the proxy by reference: env:NAME or file:NAME.")
    proxy_password: str = Field("", pattern=_REFERENCE, description="Its password by reference.")
    ca_file: str = Field(
        "",
        description="PEM file of a private authority in the secrets folder, trusted beside the public ones. Example: /run/secrets/acme-ca.pem",
    )
    client_certificate: str = Field(
        "", pattern=_REFERENCE, description="PEM client certificate by reference. Example: file:acme.pem"
    )
    client_key: str = Field("", pattern=_REFERENCE, description="Its PEM key, without a password, by reference.")

    @field_validator("private_addresses")
    @classmethod
    def _grants(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(Grant.parse(text)) for text in texts)

    @field_validator("ca_file")
    @classmethod
    def _whole_path(cls, path: str) -> str:
        if path and not PurePath(path).is_absolute():
            raise ValueError(f"{path!r} is not a whole path; example: /etc/ssl/acme-ca.pem")
        return path

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if bool(self.client_certificate) != bool(self.client_key):
            raise ValueError("client_certificate and client_key belong together")
        if bool(self.proxy_user) != bool(self.proxy_password):
            raise ValueError("proxy_user and proxy_password belong together")
        if self.proxy_user and not self.proxy:
            raise ValueError("proxy_user without proxy")
        return self

    @property
    def grants(self) -> tuple[Grant, ...]:
        """The grants in the form in which addresses are compared with them."""
        return tuple(map(Grant.parse, self.private_addresses))

    @property
    def references(self) -> dict[str, str]:
        """The fields that `apply` resolves, each with its reference. Fields that are not set are left out."""
        set_here = {name: getattr(self, name) for name in SEALED if getattr(self, name)}
        return {name: f"file:{value}" if name == "ca_file" else value for name, value in set_here.items()}


def addresses_of(own: BaseModel) -> tuple[str, ...]:
    """The addresses that a system's settings lead to."""
    return own.addresses if isinstance(own, Addressed) else ()


def hosts_of(own: BaseModel) -> frozenset[str]:
    """The same as `host:port`. A session may call nothing else."""
    return frozenset(map(host_and_port, addresses_of(own)))
