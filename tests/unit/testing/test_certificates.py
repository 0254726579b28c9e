import ipaddress

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from okg.testing.certificates import Authority


def test_a_client_certificate_names_user_and_groups() -> None:
    pair = Authority("test").issue_client("alice", ["players", "admins"])

    subject = x509.load_pem_x509_certificate(pair.public).subject

    (name,) = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    first, second = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert (name.value, first.value, second.value) == ("alice", "players", "admins")


def test_a_client_certificate_is_signed_by_the_authority_and_for_clients_only() -> None:
    authority = Authority("test")

    certificate = x509.load_pem_x509_certificate(authority.issue_client("alice").public)

    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_serving_certificate_is_for_addresses_and_names() -> None:
    pair = Authority("test").issue_server(["127.0.0.1", "localhost"])

    certificate = x509.load_pem_x509_certificate(pair.public)

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
