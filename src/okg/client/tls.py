"""One TLS context for all connections to a server.

urllib3 makes a context for every connection, and reads the authority and our certificate into it
each time: that is more than half the CPU of a handshake.
"""

from collections.abc import Mapping

from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs

_IN_THE_CONTEXT = ("ca_certs", "ca_cert_data", "cert_file", "key_file")


def share_context(settings: Mapping[str, object]) -> Mapping[str, object]:
    """Return the changes to the settings of a urllib3 pool that give it one context.

    Args:
        settings: of the pool's manager, such as ``ca_certs`` and ``cert_file``.

    Raises:
        OSError: the authority or the certificate cannot be read or understood.
    """
    context = create_urllib3_context(cert_reqs=_verification(settings.get("cert_reqs")))
    authority, data = _text(settings.get("ca_certs")), _text(settings.get("ca_cert_data"))
    if authority or data:
        context.load_verify_locations(cafile=authority, cadata=data)
    else:
        context.load_default_certs()
    if certificate := _text(settings.get("cert_file")):
        context.load_cert_chain(certificate, _text(settings.get("key_file")))
    # None takes a setting away.
    return {"ssl_context": context, **dict.fromkeys(_IN_THE_CONTEXT)}


def _verification(required: object) -> int:
    return resolve_cert_reqs(required if isinstance(required, int | str) else None)


def _text(value: object) -> str | None:
    return str(value) if value else None
