"""Whose word is taken for who ARGO is, where that isn't the system's choice."""

from __future__ import annotations

from cryptography.x509 import load_pem_x509_certificates
from OpenSSL.crypto import X509
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.web.client import BrowserLikePolicyForHTTPS


def trusting(path: str) -> BrowserLikePolicyForHTTPS:
    """
    How to verify with whom we speak, by the certificates of a file in PEM.

    @raise OSError: it can't be read.
    @raise ValueError: it has none.
    """
    with open(path, "rb") as file:
        found = load_pem_x509_certificates(file.read())
    roots = trustRootFromCertificates([Certificate(X509.from_cryptography(one)) for one in found])
    return BrowserLikePolicyForHTTPS(roots)
