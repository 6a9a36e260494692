"""The body of a webhook, and the headers with the signature that its receiver verifies."""

import base64
import binascii
import hashlib
import hmac

from shared import __version__
from shared.domain import object_keys
from shared.domain.formats.output_formats import OUTPUT_FORMATS
from shared.domain.page_ranges import count
from shared.domain.records.base import to_json
from shared.domain.records.job import Done, Manifest
from shared.domain.webhooks.message import WebhookDocument, WebhookFile, WebhookMessage

TIMESTAMP_HEADER = "X-Pagefleet-Timestamp"
SIGNATURE_HEADER = "X-Pagefleet-Signature"
DELIVERY_HEADER = "X-Pagefleet-Delivery"
#: The same facts as Standard Webhooks 1.0 names them.
STANDARD_ID_HEADER = "webhook-id"
STANDARD_TIMESTAMP_HEADER = "webhook-timestamp"
STANDARD_SIGNATURE_HEADER = "webhook-signature"
#: Such a secret is the key in Base64; any other is the key itself.
STANDARD_PREFIX = "whsec_"


def message(manifest: Manifest, done: Done, store_url: str) -> bytes:
    """The body as JSON; the same bytes at every try."""
    job_id = manifest.job_id
    return to_json(
        WebhookMessage(
            job_id=job_id,
            status=done.status,
            counts=done.counts,
            pages=count(manifest.page_ranges),
            name=manifest.source.name,
            labels=manifest.labels,
            document=_document(job_id, store_url),
        )
    )


def _document(job_id: str, store_url: str) -> WebhookDocument:
    files = {
        each.name: _file(store_url, object_keys.document(job_id, each.suffix))
        for each in OUTPUT_FORMATS
    }
    return WebhookDocument(**files)


def _file(store_url: str, key: str) -> WebhookFile:
    return WebhookFile(key=key, uri=f"{store_url.rstrip('/')}/{key}")


def delivery_id(body: bytes) -> str:
    """The id of a message, from its body: the same at every try."""
    return hashlib.sha256(body).hexdigest()[:32]


def standard_id(body: bytes, url: str) -> str:
    """The id of Standard Webhooks: the delivery, and which receiver it is for."""
    receiver = hashlib.sha256(url.encode()).hexdigest()[:16]
    return f"msg_{delivery_id(body)}_{receiver}"


def headers(body: bytes, secret: str | None, now: float, url: str) -> dict[str, str]:
    """The headers of a try at ``now`` (seconds since the epoch) for the receiver at ``url``."""
    timestamp = str(int(now))
    message_id = standard_id(body, url)
    result = {
        "Content-Type": "application/json",
        "User-Agent": f"pagefleet/{__version__}",
        DELIVERY_HEADER: delivery_id(body),
        TIMESTAMP_HEADER: timestamp,
        STANDARD_ID_HEADER: message_id,
        STANDARD_TIMESTAMP_HEADER: timestamp,
    }
    if secret:
        result[SIGNATURE_HEADER] = f"v1={signature(secret, timestamp, body)}"
        signed = standard_signature(secret, message_id, timestamp, body)
        result[STANDARD_SIGNATURE_HEADER] = f"v1,{signed}"
    return result


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over "<timestamp>.<body>", in hex."""
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def standard_signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over "<id>.<timestamp>.<body>", in Base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_standard_key(secret), signed, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _standard_key(secret: str) -> bytes:
    try:
        if secret.startswith(STANDARD_PREFIX):
            return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except binascii.Error:
        pass
    return secret.encode()
