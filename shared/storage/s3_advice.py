"""Advice for users about an S3 service that refuses requests or does not answer."""

#: What to do about missing or refused credentials.
CREDENTIALS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the profile or role)"
_CLOCK = "set this machine's clock"
_LATER = "the service has an internal error; try again later"

#: Codes of S3 errors; those of HEAD requests have no body and are plain statuses.
_ADVICE = {
    "NoSuchBucket": "the bucket does not exist; create it or correct the address",
    "InvalidBucketName": "the bucket's name is not valid; correct the address",
    "AccessDenied": "access denied; allow s3:GetObject, PutObject, DeleteObject and ListBucket",
    "403": "access denied; allow s3:GetObject, PutObject, DeleteObject and ListBucket",
    "AllAccessDisabled": "access to the bucket is disabled; ask its owner",
    "InvalidAccessKeyId": f"the access key is unknown; {CREDENTIALS}",
    "SignatureDoesNotMatch": f"the secret key is wrong; {CREDENTIALS}",
    "InvalidToken": f"the session token is not valid; {CREDENTIALS}",
    "ExpiredToken": "the session token has expired; log in again",
    "RequestTimeTooSkewed": f"the clocks differ too much; {_CLOCK}",
    "RequestExpired": f"the request is too old; {_CLOCK}",
    "PermanentRedirect": "the bucket is in another region; set PAGEFLEET_S3_REGION",
    "AuthorizationHeaderMalformed": "the region is wrong; set PAGEFLEET_S3_REGION",
    "IllegalLocationConstraintException": "the region is wrong; set PAGEFLEET_S3_REGION",
    "301": "the bucket is in another region; set PAGEFLEET_S3_REGION",
    "NotImplemented": "the service lacks conditional writes (If-None-Match); use another one",
    "InvalidArgument": "request not supported; try PAGEFLEET_S3_CHECKSUMS=when_required",
    "XAmzContentSHA256Mismatch": "try PAGEFLEET_S3_CHECKSUMS=when_required",
    "QuotaExceeded": "the bucket's quota is used up; free some space",
    "InsufficientStorage": "the service's disks are full; free some space",
    "XMinioAdminBucketQuotaExceeded": "the bucket's quota is used up; free some space",
    "XMinioStorageFull": "the service's disks are full; free some space",
    "507": "the service's disks are full; free some space",
    "SlowDown": "the service asks for fewer requests; try again later",
    "InternalError": _LATER,
    "ServiceUnavailable": _LATER,
}

#: Codes with status 400 or 403 whose cause is not one object.
OF_ALL_OBJECTS = frozenset(
    {
        *("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"),
        *("RequestTimeTooSkewed", "RequestExpired", "AuthorizationHeaderMalformed"),
        *("AllAccessDisabled", "AccountProblem", "InvalidBucketName", "InvalidArgument"),
        *("XAmzContentSHA256Mismatch", "IllegalLocationConstraintException", "RequestTimeout"),
    }
)


def advice(code: str, status: int) -> str:
    """The meaning of a refusal and what to do, in one line without a full stop."""
    text = _ADVICE.get(code) or _ADVICE.get(str(status))
    return text or (_LATER if status >= 500 else f"it answered {status} {code}")
