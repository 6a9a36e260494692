"""Downloads objects to local files: small ones in one request, large ones in parallel parts."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from shared.config.private_files import create_private
from shared.domain.errors import NotFound, StoreUnreachable, TooLarge
from shared.domain.retry import retry
from shared.storage import s3_client
from shared.storage.refusal import Refused
from shared.storage.s3_address import S3Object
from shared.storage.s3_client import MEBIBYTE, BrokenOff, S3Options

_Result = TypeVar("_Result")
CHUNK = MEBIBYTE
#: Larger objects are read in ranges, so that a broken connection costs one part only.
PART = 32 * MEBIBYTE
PARTS_AT_ONCE = 4
#: Seconds before reading a body again that broke off; boto3 does not retry that.
BODY_PAUSES_S = (0.2, 0.4)
_CHANGED = 412


def download(
    options: S3Options, bucket: str, name: str, path: Path, limit: int | None, etag: str | None
) -> S3Object:
    """Write one version of an object to ``path``; with ``etag`` exactly that version.

    Raises NotFound where the version no longer exists, TooLarge above ``limit`` bytes and
    StoreUnreachable; the file is then incomplete.
    """
    reader = _Reader(options, bucket, name)
    described, complete = retry_body(lambda: reader.begin(path, limit, etag))
    if not complete:
        reader.in_parts(path, described)
    return described


class _Reader:
    def __init__(self, options: S3Options, bucket: str, name: str) -> None:
        self._options = options
        self._bucket = bucket
        self._name = name

    def begin(self, path: Path, limit: int | None, etag: str | None) -> tuple[S3Object, bool]:
        """One request, which is enough for a small object and describes a large one."""
        with self._explained():
            answer = self._get(etag)
            found = S3Object(self._uri, answer["ContentLength"], answer["ETag"].strip('"'))
            with (
                closing(answer["Body"]) as body,
                local(path),
                create_private(path) as file,
            ):
                check_limit(self._uri, found.size, limit)
                whole = found.size <= PART or answer.get("AcceptRanges") != "bytes"
                if whole:
                    # At its end the body checks its length against the announced one.
                    for chunk in iter(lambda: body.read(CHUNK), b""):
                        file.write(chunk)
        return found, whole

    def in_parts(self, path: Path, found: S3Object) -> None:
        """Read several ranges in parallel; each is retried by itself."""
        with local(path), path.open("r+b") as file:
            file.truncate(found.size)
        starts = range(0, found.size, PART)
        with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="s3-part") as pool:
            list(pool.map(lambda start: retry_body(lambda: self._part(path, found, start)), starts))

    def _part(self, path: Path, found: S3Object, start: int) -> None:
        last = min(start + PART, found.size) - 1
        with self._explained():
            answer = self._get(found.etag, Range=f"bytes={start}-{last}")
            if answer["ContentLength"] != last - start + 1:
                raise StoreUnreachable(f"{self._uri}: the service does not honour ranges")
            with closing(answer["Body"]) as body, local(path), path.open("r+b") as file:
                file.seek(start)
                for chunk in iter(lambda: body.read(CHUNK), b""):
                    file.write(chunk)

    def _get(self, etag: str | None, **query: Any) -> Any:
        if etag is not None:
            query["IfMatch"] = f'"{etag}"'
        client = s3_client.client(self._options)
        return client.get_object(Bucket=self._bucket, Key=self._name, **query)

    @property
    def _uri(self) -> str:
        return f"s3://{self._bucket}/{self._name}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            with s3_client.explained(self._uri, self._options):
                yield
        except Refused as refusal:
            if refusal.status == _CHANGED:
                raise NotFound(f"{self._uri} was replaced by another version") from refusal
            raise


def check_limit(uri: str, size: int, limit: int | None) -> None:
    """Raise TooLarge above ``limit`` bytes."""
    if limit is not None and size > limit:
        raise TooLarge(f"{uri} has {size} bytes; at most {limit} are read")


def retry_body(read: Callable[[], _Result]) -> _Result:
    """What ``read`` returns; it is called again where the connection broke in the middle."""
    return retry(read, BrokenOff, BODY_PAUSES_S)


@contextmanager
def local(path: Path) -> Iterator[None]:
    """Turn errors of the local disk into StoreUnreachable."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnreachable(f"can't write {path}: {reason}; free some space there") from error
