"""The object store in an S3 bucket."""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from shared.domain.errors import NotFound, StoreUnreachable
from shared.domain.object_keys import check_folder, check_key, check_prefix, is_key
from shared.domain.retry import doubling, retry
from shared.storage import s3_client
from shared.storage.content_digest import VerifiedReader, opened
from shared.storage.refusal import Refused
from shared.storage.s3_address import S3Object, split_s3
from shared.storage.s3_advice import advice
from shared.storage.s3_client import S3Options
from shared.storage.s3_download import check_limit, download, local, retry_body

#: The most objects that one request lists or deletes.
BATCH = 1000
#: Seconds before repeating a conditional write that met another writer.
CONFLICT_PAUSES_S = doubling(0.05, 5)
#: HTTP statuses: concurrent writers, and an object that exists.
CONDITIONAL_REQUEST_CONFLICT = 409
PRECONDITION_FAILED = 412


class _Conflict(Exception):
    """The service decided for none of several concurrent writers."""


class S3Store:
    """Objects below ``prefix`` of one bucket; the stores of a process share a client."""

    def __init__(self, bucket: str, prefix: str, options: S3Options) -> None:
        self._bucket = bucket
        self._root = f"{prefix}/" if prefix else ""
        self._options = options
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")

    def get(self, key: str, limit: int | None = None) -> bytes:
        """See ObjectStore."""
        name = self._root + check_key(key)

        def read() -> bytes:
            with self._explained(name):
                answer = s3_client.client(self._options).get_object(Bucket=self._bucket, Key=name)
                with closing(answer["Body"]) as body:
                    check_limit(f"s3://{self._bucket}/{name}", answer["ContentLength"], limit)
                    return body.read()

        return retry_body(read)

    def put(self, key: str, data: bytes) -> None:
        """See ObjectStore."""
        name = self._root + check_key(key)
        with self._explained(name):
            client = s3_client.client(self._options)
            client.put_object(Bucket=self._bucket, Key=name, Body=data, ContentMD5=_digest(data))

    def put_new(self, key: str, data: bytes) -> bool:
        """See ObjectStore."""
        try:
            return retry(lambda: self._create(key, data), _Conflict, CONFLICT_PAUSES_S)
        except _Conflict:
            if self.exists(key):
                return False
        raise StoreUnreachable(f"{self.url} answers every write of {key} with a conflict")

    def put_file(self, key: str, file: Path | BinaryIO, sha256: str) -> None:
        """See ObjectStore."""
        name = self._root + check_key(key)
        with opened(file) as source, self._explained(name):
            client = s3_client.client(self._options)
            # Each part is held in memory until it is sent, so what is hashed is what is sent. The
            # reader's last read comes before the upload of the last part is completed.
            reader: Any = VerifiedReader(source, sha256)
            client.upload_fileobj(reader, self._bucket, name, Config=s3_client.UPLOAD)

    def download(self, key: str, path: Path) -> None:
        """See ObjectStore."""
        self.download_any(self._root + check_key(key), path, None)

    def download_any(
        self, name: str, path: Path, limit: int | None, etag: str | None = None
    ) -> S3Object:
        """Like ``download`` for any object of the bucket; with ``etag`` only that version.

        Raises TooLarge above ``limit`` bytes.
        """
        partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            described = download(self._options, self._bucket, name, partial, limit, etag)
            with local(path):
                partial.replace(path)
        finally:
            with suppress(OSError):
                partial.unlink()
        return described

    def local_path(self, key: str) -> Path | None:
        """None: the object is not on this machine."""
        check_key(key)
        return None

    def exists(self, key: str) -> bool:
        """See ObjectStore."""
        try:
            self.size(key)
        except NotFound:
            return False
        return True

    def size(self, key: str) -> int:
        """See ObjectStore."""
        name = self._root + check_key(key)
        with self._explained(name):
            client = s3_client.client(self._options)
            return client.head_object(Bucket=self._bucket, Key=name)["ContentLength"]

    def list(self, prefix: str, start_after: str = "", limit: int | None = None) -> Iterator[str]:
        """See ObjectStore."""
        after = self._root + start_after if start_after else ""
        objects = self.scan(self._root + check_prefix(prefix), after, limit)
        keys = (each.uri.removeprefix(self.url + "/") for each in objects)
        return islice(filter(is_key, keys), limit)

    def stamped(self, prefix: str) -> Iterator[tuple[str, str]]:
        """See ObjectStore; equal bytes have equal stamps, unless the bucket encrypts with KMS."""
        for each in self.scan(self._root + check_prefix(prefix)):
            key = each.uri.removeprefix(self.url + "/")
            if is_key(key):
                yield key, each.etag

    def scan(
        self, prefix: str, start_after: str = "", limit: int | None = None
    ) -> Iterator[S3Object]:
        """All objects of the bucket below ``prefix``; ``limit`` only keeps the responses small."""
        most = min(limit or BATCH, BATCH)
        for page in self._pages(Prefix=prefix, StartAfter=start_after, MaxKeys=most):
            for each in page.get("Contents", ()):
                # Keys with a final slash are folders that some tools create.
                if not each["Key"].endswith("/"):
                    uri = f"s3://{self._bucket}/{each['Key']}"
                    yield S3Object(uri, each["Size"], each["ETag"].strip('"'))

    def folders(self, prefix: str) -> Iterator[str]:
        """See ObjectStore."""
        start = self._root + check_folder(prefix)
        for page in self._pages(Prefix=start, Delimiter="/"):
            for each in page.get("CommonPrefixes", ()):
                name = each["Prefix"].removeprefix(start).removesuffix("/")
                if is_key(name):
                    yield name

    def delete(self, keys: Iterable[str]) -> None:
        """See ObjectStore."""
        names = (self._root + check_key(key) for key in keys)
        while batch := list(islice(names, BATCH)):
            with self._explained(batch[0]):
                answer = s3_client.client(self._options).delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": [{"Key": name} for name in batch], "Quiet": True},
                )
            for error in answer.get("Errors", ()):
                where = f"s3://{self._bucket}/{error.get('Key')}"
                raise StoreUnreachable(f"{where}: {advice(error.get('Code', ''), 403)}")

    def copy_from(self, uri: str, key: str, etag: str | None = None) -> bool:
        """See ObjectStore."""
        if not uri.startswith("s3://"):
            return False
        bucket, source = split_s3(uri)
        name = self._root + check_key(key)
        match = {} if etag is None else {"CopySourceIfMatch": f'"{etag}"'}
        try:
            with self._explained(name):
                client = s3_client.client(self._options)
                client.copy(
                    {"Bucket": bucket, "Key": source},
                    self._bucket,
                    name,
                    ExtraArgs=match,
                    Config=s3_client.COPY,
                )
        except NotFound:
            return False
        except Refused as refusal:
            if refusal.status >= 500:
                raise
            return False
        return True

    def check(self) -> None:
        """See ObjectStore."""
        with self._explained(self._root):
            client = s3_client.probe(self._options)
            client.list_objects_v2(Bucket=self._bucket, Prefix=self._root, MaxKeys=1)

    def _create(self, key: str, data: bytes) -> bool:
        """False where the object exists; raises _Conflict where the write must be repeated."""
        name = self._root + check_key(key)
        try:
            with self._explained(name):
                s3_client.client(self._options).put_object(
                    Bucket=self._bucket,
                    Key=name,
                    Body=data,
                    IfNoneMatch="*",
                    ContentMD5=_digest(data),
                )
        except Refused as refusal:
            if refusal.status == PRECONDITION_FAILED and self.exists(key):
                return False
            # A failed precondition without an object: it was deleted meanwhile.
            if refusal.status in (CONDITIONAL_REQUEST_CONFLICT, PRECONDITION_FAILED):
                raise _Conflict from refusal
            raise
        return True

    def _pages(self, **query: Any) -> Iterator[Any]:
        query = {name: value for name, value in query.items() if value != ""}
        while True:
            with self._explained(query.get("Prefix", "")):
                client = s3_client.client(self._options)
                page = client.list_objects_v2(Bucket=self._bucket, **query)
            yield page
            if not page.get("IsTruncated"):
                return
            query["ContinuationToken"] = page["NextContinuationToken"]

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        with s3_client.explained(f"s3://{self._bucket}/{name}", self._options):
            yield


def _digest(data: bytes) -> str:
    """Content-MD5, so that SeaweedFS refuses the partial object of a writer that died."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
