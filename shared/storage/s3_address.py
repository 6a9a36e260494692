"""Addresses and descriptions of objects in an S3 service."""

from dataclasses import dataclass

from shared.domain.errors import UsageError


@dataclass(frozen=True)
class S3Object:
    """One object of the S3 service that the settings name."""

    uri: str
    #: Bytes.
    size: int
    #: Changes with the content; not a hash of it.
    etag: str


def split_s3(uri: str) -> tuple[str, str]:
    """(bucket, key or prefix) of an ``s3://`` URI, without URL decoding; raises UsageError."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not bucket.replace(".", "-").replace("-", "a").isalnum():
        raise UsageError(f"{uri!r} is not an S3 address; write s3://bucket/key")
    return bucket, key
