"""The error of a request that S3 or SQS refused."""

from shared.domain.errors import StoreFull, StoreUnreachable
from shared.storage.s3_advice import OF_ALL_OBJECTS


class Refused(StoreUnreachable):
    """The service answered with an error; ``status`` is the HTTP status, ``code`` that of S3."""

    def __init__(self, message: str, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.may_pass = status >= 500
        self.code = code

    @property
    def is_of_one_object(self) -> bool:
        """Whether another object may be readable: neither credentials nor clocks are at fault."""
        return self.status in (400, 403) and self.code not in OF_ALL_OBJECTS


class RefusedAsFull(Refused, StoreFull):
    """The service has no room left, or the bucket's quota is used up."""
