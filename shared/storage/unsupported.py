"""Refuses stores by name that have no conditional write that the fleet could rely on."""

from urllib.parse import urlsplit

from shared.domain.errors import UsageError

_NEED = (
    "every page result is a conditional write (If-None-Match), so that no page is read or written "
    "twice; use S3, an S3-compatible service with conditional writes, or file:///folder"
)
_GOOGLE = (
    "Google Cloud Storage can't be the store: its S3 interface ignores If-None-Match on writes and "
    "has generation numbers instead"
)
_AZURE = "Azure Blob Storage can't be the store: it has no S3 interface"
_SCHEMES = {
    "gs": _GOOGLE,
    "gcs": _GOOGLE,
    "az": _AZURE,
    "azure": _AZURE,
    "abfs": _AZURE,
    "abfss": _AZURE,
    "wasb": _AZURE,
    "wasbs": _AZURE,
}
_HOSTS = {
    "storage.googleapis.com": _GOOGLE,
    "storage.cloud.google.com": _GOOGLE,
    "blob.core.windows.net": _AZURE,
}


def check_scheme(uri: str) -> None:
    """Raise UsageError with the reason where the scheme is that of an unsupported service."""
    reason = _SCHEMES.get(uri.split(":", 1)[0].lower())
    if reason is not None:
        raise UsageError(f"{reason}; {_NEED}")
    check_endpoint(uri)


def check_endpoint(url: str | None) -> None:
    """Raise UsageError with the reason where ``url`` is a host of an unsupported service."""
    try:
        host = (urlsplit(url or "").hostname or "").rstrip(".")
    except ValueError:  # the caller refuses it with its own words
        return
    for name, reason in _HOSTS.items():
        if host == name or host.endswith(f".{name}"):
            raise UsageError(f"{reason}; {_NEED}")
