"""Keys of all objects in the store, and parsers for keys.

Every function checks the job id, so that text from a command line or a message cannot lead to a
path outside of its job.
"""

import re

from shared.domain.errors import UsageError

OPEN = "open/"
JOBS = "jobs/"
#: Markers of jobs whose webhook is due.
NOTIFY = "notify/"
#: End of the delivery records of later submissions.
DELIVERY_SUFFIX = ".webhook.json"
#: State of watchers.
WATCH = "watch/"
#: With a store prefix, keys stay below the 1024 bytes that S3 allows.
MAX_KEY_BYTES = 800
#: File systems allow 255 bytes per name.
MAX_PART_BYTES = 200

#: A job id: 32 and 16 hex digits (16 and 8 in releases before 0.2), then "-2", "-3" ... for
#: further jobs of the same series. The only definition: records and messages use it too.
JOB_ID_PATTERN = (
    "(?:[0-9a-f]{32}-[0-9a-f]{16}|[0-9a-f]{16}-[0-9a-f]{8})(?:-(?:[2-9]|[1-9][0-9]{1,5}))?"
)
_JOB_ID = re.compile(JOB_ID_PATTERN, re.ASCII)
_PAGE_KEY = re.compile(r"(?:.*/)?pages/([0-9]{6,9})(\.failed)?\.json", re.ASCII)
_SUFFIX = re.compile(r"[a-z0-9]{1,8}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
_NOTIFY_NAME = re.compile(rf"{JOB_ID_PATTERN}(\.[0-9a-f]{{32}})?", re.ASCII)
_SUBMISSION = re.compile(r"[0-9a-f]{32}", re.ASCII)
#: Version 0.1.0 wrote ids of 16 digits and claims of 20 and 12 digits, which are still read.
_WATCH_ID = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}", re.ASCII)
_WATCH_CLAIM = re.compile(r".*/claims/[0-9a-f]{2}/([0-9a-f]{32})-([0-9a-f]{32})", re.ASCII)
_FIGURE = re.compile(r"[0-9]{6,9}-[0-9]{2,3}-[0-9a-f]{8,64}\.png", re.ASCII)


def check_job_id(job_id: str) -> str:
    """``job_id`` unchanged; raises UsageError unless it is a job id."""
    if not is_job_id(job_id):
        raise UsageError(f"{job_id[:80]!r} is not a job id; they look like {'0' * 32}-{'0' * 16}")
    return job_id


def is_job_id(text: str) -> bool:
    """Whether ``text`` has the form of a job id."""
    return _JOB_ID.fullmatch(text) is not None


def check_key(key: str) -> str:
    """``key`` unchanged; raises UsageError unless it is a plain relative path.

    Parts that begin with a dot are refused: the file store uses them for temporary files.
    """
    if not is_key(key):
        raise UsageError(f"{key[:80]!r} is not an object key")
    return key


def is_key(text: str) -> bool:
    """Whether ``text`` is a plain relative path that every store accepts."""
    return (
        text.isprintable()
        and "\\" not in text
        and len(text.encode()) <= MAX_KEY_BYTES
        and all(map(_is_part, text.split("/")))
    )


def check_prefix(prefix: str) -> str:
    """``prefix`` unchanged; raises UsageError unless it is "" or the beginning of a key."""
    folder, slash, _ = prefix.rpartition("/")
    if slash:
        check_key(folder)
    return prefix


def check_folder(prefix: str) -> str:
    """``prefix`` unchanged; raises UsageError unless it is "" or ends with a slash."""
    if prefix and not prefix.endswith("/"):
        raise UsageError(f"{prefix[:80]!r} is not a folder; it needs a final slash")
    return check_prefix(prefix)


def _is_part(part: str) -> bool:
    return part != "" and part[0] != "." and len(part.encode()) <= MAX_PART_BYTES


def open_marker(job_id: str) -> str:
    """The job marker: ``open/<job_id>``."""
    return OPEN + check_job_id(job_id)


def job(job_id: str) -> str:
    """The prefix of all objects of a job, with a final slash."""
    return f"{JOBS}{check_job_id(job_id)}/"


def in_job(job_id: str, name: str) -> str:
    """The full key of ``name``, which is relative to the job's folder."""
    return job(job_id) + check_key(name)


def shard(job_id: str) -> str:
    """``shard``: the number of the broker that has the job, where a fleet has several."""
    return job(job_id) + "shard"


def manifest(job_id: str) -> str:
    """``job.json``."""
    return job(job_id) + "job.json"


def source_name(ext: str) -> str:
    """The source's name within its job, for example ``source.pdf``."""
    if _SUFFIX.fullmatch(ext) is None:
        raise UsageError(f"{ext[:20]!r} is not the suffix of a source")
    return f"source.{ext}"


def source(job_id: str, name: str) -> str:
    """The source; ``name`` is ``source.<ext>`` as in the manifest."""
    return job(job_id) + source_name(name.removeprefix("source."))


def pages(job_id: str) -> str:
    """The prefix of the page results."""
    return job(job_id) + "pages/"


def page(job_id: str, number: int) -> str:
    """The ok or blank result of a page; ``number`` counts from 1."""
    return f"{pages(job_id)}{number:06d}.json"


def failed_page(job_id: str, number: int) -> str:
    """The failed result of a page."""
    return f"{pages(job_id)}{number:06d}.failed.json"


def parse_page_key(key: str) -> tuple[int, bool] | None:
    """(page, whether it is a failed result); None for keys that are no page results."""
    match = _PAGE_KEY.fullmatch(key)
    return (int(match[1]), match[2] is not None) if match and int(match[1]) else None


def figures(job_id: str) -> str:
    """The prefix of the figures of a job."""
    return job(job_id) + "figures/"


def figure_name(number: int, order: int, digest: str) -> str:
    """A figure's name within its job: page, order on the page from 1, hash of its bytes."""
    if _DIGEST.fullmatch(digest) is None:
        raise UsageError(f"{digest[:80]!r} is not the hash of a figure")
    return f"figures/{number:06d}-{order:02d}-{digest}.png"


def raw_answer(job_id: str, number: int) -> str:
    """What the model answered for a page, before it was parsed."""
    return job(job_id) + raw_name(number)


def raw_name(number: int) -> str:
    """The name of a model's answer within its job."""
    return f"raw/{number:06d}.txt"


def document(job_id: str, ext: str) -> str:
    """A file of the merged document; ``ext`` is the suffix of an output format."""
    if _SUFFIX.fullmatch(ext) is None:
        raise UsageError(f"{ext[:20]!r} is not the suffix of a document")
    return f"{job(job_id)}document.{ext}"


def done(job_id: str) -> str:
    """``_DONE``: its conditional write commits the job."""
    return job(job_id) + "_DONE"


def notified(job_id: str) -> str:
    """``_NOTIFIED``: the webhook was delivered."""
    return job(job_id) + "_NOTIFIED"


def notify_marker(job_id: str, digest: str | None = None) -> str:
    """The marker of a due webhook: the job's, or that of its later submission ``digest``."""
    suffix = "" if digest is None else f".{_check_submission(digest)}"
    return NOTIFY + check_job_id(job_id) + suffix


def is_notify_name(name: str) -> bool:
    """Whether ``name`` is the name of a marker below ``notify/``."""
    return _NOTIFY_NAME.fullmatch(name) is not None


def parse_notify_name(name: str) -> tuple[str, str | None]:
    """Job id and submission of the name of a marker below ``notify/``."""
    job_id, _, digest = name.partition(".")
    return job_id, digest or None


def submissions(job_id: str) -> str:
    """The prefix of the later submissions of a job."""
    return job(job_id) + "submissions/"


def submission(job_id: str, digest: str) -> str:
    """What a later submission of the job asked for."""
    return f"{submissions(job_id)}{_check_submission(digest)}.json"


def submission_delivery(job_id: str, digest: str) -> str:
    """The record of the attempts to deliver the webhook of a later submission."""
    return f"{submissions(job_id)}{_check_submission(digest)}{DELIVERY_SUFFIX}"


def parse_submission_key(key: str) -> str | None:
    """The digest in the key of a submission; None for other keys."""
    digest = key.rpartition("/")[2].removesuffix(".json")
    return digest if _SUBMISSION.fullmatch(digest) else None


def _check_submission(digest: str) -> str:
    if _SUBMISSION.fullmatch(digest) is None:
        raise UsageError(f"{digest[:80]!r} is not the digest of a submission")
    return digest


def delivery(job_id: str) -> str:
    """The record of the attempts to deliver the job's webhook."""
    return job(job_id) + "webhook.json"


def job_of(key: str) -> str:
    """The job id in ``key``; for other objects the text at its place, unchecked."""
    prefix = OPEN if key.startswith(OPEN) else JOBS
    return key.removeprefix(prefix).split("/", 1)[0]


def is_figure_name(name: str) -> bool:
    """Whether ``name`` is the file name of a figure as made by ``figure_name``."""
    return _FIGURE.fullmatch(name) is not None


def watch(watch_id: str) -> str:
    """The prefix of all objects of a watch, with a final slash."""
    if _WATCH_ID.fullmatch(watch_id) is None:
        raise UsageError(f"{watch_id[:80]!r} is not the id of a watch")
    return f"{WATCH}{watch_id}/"


def watch_open(watch_id: str, key_digest: str = "") -> str:
    """The open claim of one key of a watch; without a digest the prefix of all open claims."""
    return f"{watch(watch_id)}open/{key_digest}"


def watch_claims(watch_id: str, key_digest: str = "", version_digest: str = "") -> str:
    """The claim of one version of a key, or the prefix of the claims of a key or of all keys."""
    prefix = f"{watch(watch_id)}claims/"
    return f"{prefix}{key_digest[:2]}/{key_digest}-{version_digest}" if key_digest else prefix


def parse_watch_claim(key: str) -> tuple[str, str] | None:
    """The digests of key and version of a claim; None for other keys, and for old claims."""
    match = _WATCH_CLAIM.fullmatch(key)
    return (match[1], match[2]) if match else None
