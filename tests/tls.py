"""Certificates of servers on this machine, and contexts that trust them."""

import ssl
import subprocess
from pathlib import Path
from shutil import which

from tests.conftest import missing

Certificate = tuple[Path, Path]
"""The files of a key and of its certificate."""


def certificate_for(folder: Path, *names: str) -> Certificate:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    alternatives = ",".join(f"DNS:{name}" for name in names)
    arguments = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={names[0]}"]
    arguments += ["-addext", f"subjectAltName={alternatives}", "-keyout", str(key)]
    arguments += ["-out", str(certificate)]
    if not which("openssl"):
        missing("no openssl to make a certificate with")
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    return key, certificate


def context_of(certificate: Certificate) -> ssl.SSLContext:
    """Return the context of a server with *certificate*."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


def trusting(certificate: Certificate) -> ssl.SSLContext:
    """Return the context of a client that trusts *certificate* alone."""
    return ssl.create_default_context(cafile=str(certificate[1]))
