"""Pair: a serving certificate, its key, and an authority that signed this one certificate only.

The authority's key is forgotten at once: a new certificate comes with a new authority, and nobody
can steal a key that would make certificates which API servers trust.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=365)

BACKDATED = timedelta(hours=1)
"""How far the clocks of API servers may be behind ours."""

AUTHORITY_NAME = "okg-webhook-ca"
SUBJECT_NAME = "okg-webhook"
"""Host names stand elsewhere: a subject has room for 64 characters only."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """All PEM.

    Attributes:
        authority: the certificate that the API server trusts.
        certificate: what is served.
        key: of that certificate.
    """

    authority: str
    certificate: str
    key: str

    def __repr__(self) -> str:
        """Return a text that may be logged: without the key."""
        return f"Pair(certificate={self.certificate!r})"


class Unusable(ValueError):
    """A pair cannot be served with; the message says why, without the key."""


def make_pair(names: Sequence[str], now: datetime) -> Pair:
    """Return a fresh pair.

    Args:
        names: host names that the certificate is for.
        now: when its life begins.
    """
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _name(AUTHORITY_NAME)
    authority = (
        _builder(issuer, issuer, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_identifier(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        _builder(_name(SUBJECT_NAME), issuer, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(_identifier(key.public_key()), critical=False)
        .add_extension(signer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return Pair(
        authority=_pem(authority),
        certificate=_pem(certificate),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def check_pair(pair: Pair, names: Sequence[str]) -> datetime:
    """Return when a pair expires.

    Raises:
        Unusable: it is damaged, its parts do not belong together, or it is not for these names.
    """
    try:
        authority = x509.load_pem_x509_certificate(pair.authority.encode())
        certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
        key = load_pem_private_key(pair.key.encode(), password=None)
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, x509.ExtensionNotFound, InvalidSignature) as error:
        raise Unusable(f"it is damaged: {type(error).__name__}") from error
    if certificate.public_key() != key.public_key():
        raise Unusable("the key is not that of the certificate")
    missing = set(names) - set(alternatives.value.get_values_for_type(x509.DNSName))
    if missing:
        raise Unusable(f"it is not for {', '.join(sorted(missing))}")
    return min(authority.not_valid_after_utc, certificate.not_valid_after_utc)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFETIME)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _identifier(key: ec.EllipticCurvePublicKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
