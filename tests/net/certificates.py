"""Certificates for servers that last as long as a test."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from twisted.internet.ssl import PrivateCertificate


@cache
def certificate_for(name: str) -> PrivateCertificate:
    """One that is its own authority, and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject, today = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, today - timedelta(1), today + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made: PrivateCertificate = PrivateCertificate.loadPEM(certificate.public_bytes(Encoding.PEM) + pem)
    return made


def pem_for(name: str) -> bytes:
    """The same one, for those who are to trust it."""
    pem: bytes = certificate_for(name).original.to_cryptography().public_bytes(Encoding.PEM)
    return pem


def key_pem_for(name: str) -> bytes:
    """The key of the same one, for a server that isn't Twisted's."""
    key = certificate_for(name).privateKey.original.to_cryptography_key()
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def key_and_certificate(name: str) -> bytes:
    """Both in PEM, as a server's file has them."""
    key = certificate_for(name).privateKey.original.to_cryptography_key()
    private: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + pem_for(name)
