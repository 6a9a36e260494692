"""TLS options of both connections to the broker; certificates are verified by default.

Without these options kombu accepts any certificate of a rediss:// broker.
"""

from urllib.parse import parse_qsl, urlsplit

from shared.config.settings import Settings
from shared.domain.errors import UsageError


def tls_options(settings: Settings) -> dict[str, object]:
    """Options of redis-py for a ``rediss://`` address; empty without TLS. Raises UsageError."""
    parts = urlsplit(settings.broker_url())
    if any(name.startswith("ssl_") for name, _ in parse_qsl(parts.query)):
        raise UsageError(
            "PAGEFLEET_REDIS_URL holds ssl_ options, which only one of two clients would read; "
            "set PAGEFLEET_REDIS_CA_FILE or PAGEFLEET_REDIS_VERIFY instead"
        )
    if parts.scheme != "rediss":
        return {}
    _check_files(settings)
    options: dict[str, object] = {
        "ssl_cert_reqs": "required" if settings.redis_verify else "none",
        "ssl_check_hostname": settings.redis_verify,
    }
    files = {
        "ssl_ca_certs": settings.redis_ca_file,
        "ssl_certfile": settings.redis_cert_file,
        "ssl_keyfile": settings.redis_key_file,
    }
    return options | {name: str(path) for name, path in files.items() if path is not None}


def _check_files(settings: Settings) -> None:
    for name in ("redis_ca_file", "redis_cert_file", "redis_key_file"):
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            raise UsageError(f"PAGEFLEET_{name.upper()} is {path}, which is not a file")
