"""The body of a webhook, and the headers with the signature that its receiver verifies."""

import hashlib
import hmac

from shared import __version__
from shared.domain import object_keys
from shared.domain.output_formats import OUTPUT_FORMATS
from shared.domain.page_ranges import count
from shared.domain.records import Done, Manifest, to_json
from shared.domain.webhook_message import WebhookDocument, WebhookFile, WebhookMessage
from shared.jobs.job_store import selected

TIMESTAMP_HEADER = "X-Pagefleet-Timestamp"
SIGNATURE_HEADER = "X-Pagefleet-Signature"
DELIVERY_HEADER = "X-Pagefleet-Delivery"


def message(manifest: Manifest, done: Done, store_url: str) -> bytes:
    """The body as JSON; the same bytes at every try."""
    job_id = manifest.job_id
    return to_json(
        WebhookMessage(
            job_id=job_id,
            status=done.status,
            counts=done.counts,
            pages=count(selected(manifest)),
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


def headers(body: bytes, secret: str | None, now: float) -> dict[str, str]:
    """The headers of a try at ``now`` (seconds since the epoch)."""
    timestamp = str(int(now))
    result = {
        "Content-Type": "application/json",
        "User-Agent": f"pagefleet/{__version__}",
        DELIVERY_HEADER: delivery_id(body),
        TIMESTAMP_HEADER: timestamp,
    }
    if secret:
        result[SIGNATURE_HEADER] = f"v1={signature(secret, timestamp, body)}"
    return result


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over "<timestamp>.<body>", in hex."""
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
