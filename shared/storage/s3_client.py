"""Clients for S3 and the meaning of their errors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import boto3.session
import botocore.session
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ResponseStreamingError,
    TokenRetrievalError,
)
from botocore.utils import parse_timestamp

from shared import __version__
from shared.config.settings import Settings
from shared.domain.errors import NotFound, StoreSilent, StoreUnreachable, UsageError
from shared.storage.refusal import Refused, RefusedAsFull
from shared.storage.s3_advice import CREDENTIALS, advice
from shared.storage.s3_clock import follow_service_clock
from shared.telemetry.service_metrics import observe_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MEBIBYTE = 1024 * 1024
#: Attempts of one request, with growing random pauses of up to 15 s together.
ATTEMPTS = 5
#: Seconds that a probe waits for a connection and for an answer, in each of two attempts.
PROBE_S = 5.0
UPLOAD = TransferConfig(
    multipart_threshold=64 * MEBIBYTE, multipart_chunksize=32 * MEBIBYTE, max_concurrency=4
)
#: One copy request copies at most 5 GB; larger objects are copied in parts.
COPY = TransferConfig(multipart_threshold=1024 * MEBIBYTE, multipart_chunksize=256 * MEBIBYTE)

_MISSING = frozenset({"NoSuchKey", "404"})
_FULL = frozenset(
    {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
)
_CREDENTIAL_ERRORS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    ProfileNotFound,
)


class BrokenOff(StoreUnreachable):
    """The connection ended in the middle of an object."""


@dataclass(frozen=True)
class S3Options:
    """How to reach the service; credentials come from boto3's standard chain."""

    endpoint_url: str | None = None
    region: str | None = None
    checksums: Literal["auto", "when_supported", "when_required"] = "auto"
    addressing: Literal["auto", "path", "virtual"] = "auto"
    max_pool_connections: int = 64
    attempts: int = ATTEMPTS
    probe_s: float = PROBE_S

    @property
    def service(self) -> str:
        """The service's name in messages."""
        return self.endpoint_url or "Amazon S3"


def options_of(settings: Settings, max_pool_connections: int = 64) -> S3Options:
    """The options that the settings give."""
    return S3Options(
        endpoint_url=settings.s3_endpoint_url,
        region=settings.s3_region,
        checksums=settings.s3_checksums,
        addressing=settings.s3_addressing,
        max_pool_connections=max_pool_connections,
    )


def client(options: S3Options) -> "S3Client":
    """This process's client, safe for threads; raises UsageError, StoreUnreachable."""
    # Keyed by process: after a fork, parent and child would share connections.
    return _connect(options, False, os.getpid())


def probe(options: S3Options) -> "S3Client":
    """A client that gives up within seconds."""
    return _connect(options, True, os.getpid())


@cache
def _connect(options: S3Options, hasty: bool, _process: int) -> "S3Client":
    with explained(options.service, options):
        try:
            client = _session().client(
                "s3",
                endpoint_url=options.endpoint_url,
                region_name=options.region,
                config=_config(options, hasty),
            )
            follow_service_clock(client)
            observe_client(client, "s3")
            return client
        except ValueError as error:
            raise UsageError(f"PAGEFLEET_S3_ENDPOINT_URL or the region is bad: {error}") from None


def _session() -> boto3.session.Session:
    session: Any = botocore.session.get_session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time_of)
    return boto3.session.Session(botocore_session=session)


def _time_of(text: Any) -> datetime:
    """The time in an answer, which pagefleet does not use; botocore needs 0.2 ms for each."""
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return parse_timestamp(text)


def forget_clients() -> None:
    """Have the next request read the credentials again."""
    _connect.cache_clear()


def _config(options: S3Options, hasty: bool) -> Config:
    checksums = options.checksums
    if checksums == "auto":
        # Many other services do not support the newer checksums.
        checksums = "when_required" if options.endpoint_url else "when_supported"
    return Config(
        # Without it, presigned URLs use the old signature.
        signature_version="s3v4",
        s3={"addressing_style": options.addressing},
        max_pool_connections=options.max_pool_connections,
        connect_timeout=min(options.probe_s, 3.0) if hasty else 5,
        read_timeout=options.probe_s if hasty else 60,
        retries={"mode": "standard", "total_max_attempts": 2 if hasty else options.attempts},
        tcp_keepalive=True,
        # Given, it is not made anew twice for each request.
        user_agent=f"pagefleet/{__version__}",
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
    )


@contextmanager
def explained(where: str, options: S3Options) -> Iterator[None]:
    """Turn the client's errors into pagefleet's; ``where`` names the requested object."""
    try:
        yield
    except ClientError as error:
        raise _refusal(error, where) from error
    except _CREDENTIAL_ERRORS as error:
        raise StoreUnreachable(f"no credentials for {options.service}: {CREDENTIALS}") from error
    except ParamValidationError as error:
        raise UsageError(f"{where} is not a valid S3 address: {error}") from error
    except (IncompleteReadError, ResponseStreamingError) as error:
        raise BrokenOff(f"{options.service} broke off in the middle of {where}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreSilent(_no_answer(error, where, options)) from error


def _refusal(error: ClientError, where: str) -> NotFound | Refused:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING:
        return NotFound(f"there is no {where}")
    kind = RefusedAsFull if code in _FULL or status == 507 else Refused
    return kind(f"{where}: {advice(code, status)}", status, code)


def _no_answer(error: Exception, where: str, options: S3Options) -> str:
    # The error's own text may contain a signed URL, so only its type is shown.
    return (
        f"{options.service} does not answer ({type(error).__name__}) for {where}; "
        "check the network, PAGEFLEET_S3_ENDPOINT_URL and the region"
    )
