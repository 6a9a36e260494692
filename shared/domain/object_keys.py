"""The names of everything in the object store, and the way back from a name.

Every function checks the job id, so that no text from a command line or a message can
become a path outside its job.
"""

import re

from shared.domain.errors import UsageError

OPEN = "open/"
JOBS = "jobs/"
#: Markers of jobs whose webhook is due.
NOTIFY = "notify/"
#: What watchers keep.
WATCH = "watch/"
#: Together with a prefix this stays below the 1024 bytes of an S3 key.
MAX_KEY_BYTES = 800
#: File systems allow 255 bytes for one name.
MAX_PART_BYTES = 200

_JOB_ID = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}(-([2-9]|[1-9][0-9]{1,5}))?", re.ASCII)
_PAGE_KEY = re.compile(r"(?:.*/)?pages/([0-9]{6,9})(\.failed)?\.json", re.ASCII)
_SUFFIX = re.compile(r"[a-z0-9]{1,8}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
_WATCH_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_WATCH_CLAIM = re.compile(r".*/claims/[0-9a-f]{2}/([0-9a-f]{20})-([0-9a-f]{12})", re.ASCII)
_FIGURE = re.compile(r"[0-9]{6,9}-[0-9]{2,3}-[0-9a-f]{8,64}\.png", re.ASCII)


def check_job_id(job_id: str) -> str:
    """``job_id`` itself; raises UsageError where it can't be one."""
    if not is_job_id(job_id):
        raise UsageError(f"{job_id[:80]!r} is not a job id; they look like {'0' * 16}-{'0' * 8}")
    return job_id


def is_job_id(text: str) -> bool:
    """Whether ``text`` has the form of a job id."""
    return _JOB_ID.fullmatch(text) is not None


def check_key(key: str) -> str:
    """``key`` itself; raises UsageError unless it is a plain relative path.

    Parts that begin with a dot are refused as well: they are the stores' own.
    """
    if not is_key(key):
        raise UsageError(f"{key[:80]!r} can't be an object key")
    return key


def is_key(text: str) -> bool:
    """Whether ``text`` is a plain relative path, fit for every store."""
    return (
        text.isprintable()
        and "\\" not in text
        and len(text.encode()) <= MAX_KEY_BYTES
        and all(map(_is_part, text.split("/")))
    )


def check_prefix(prefix: str) -> str:
    """``prefix`` itself: "" or the beginning of a key; raises UsageError."""
    folder, slash, _ = prefix.rpartition("/")
    if slash:
        check_key(folder)
    return prefix


def check_folder(prefix: str) -> str:
    """``prefix`` itself: "" or a folder with its final slash; raises UsageError."""
    if prefix and not prefix.endswith("/"):
        raise UsageError(f"{prefix[:80]!r} is no folder; it needs a final slash")
    return check_prefix(prefix)


def _is_part(part: str) -> bool:
    return part != "" and part[0] != "." and len(part.encode()) <= MAX_PART_BYTES


def open_marker(job_id: str) -> str:
    """The marker of a job that has not ended."""
    return OPEN + check_job_id(job_id)


def job(job_id: str) -> str:
    """The prefix of everything of a job, with its slash."""
    return f"{JOBS}{check_job_id(job_id)}/"


def in_job(job_id: str, name: str) -> str:
    """The full key of ``name``, which is relative to the job's folder."""
    return job(job_id) + check_key(name)


def manifest(job_id: str) -> str:
    """``job.json``."""
    return job(job_id) + "job.json"


def source_name(ext: str) -> str:
    """The source's name within its job, for example ``source.pdf``."""
    if _SUFFIX.fullmatch(ext) is None:
        raise UsageError(f"{ext[:20]!r} can't be the suffix of a source")
    return f"source.{ext}"


def source(job_id: str, name: str) -> str:
    """The stored document; ``name`` as in the manifest, ``source.<ext>``."""
    return job(job_id) + source_name(name.removeprefix("source."))


def pages(job_id: str) -> str:
    """The prefix of the page results."""
    return job(job_id) + "pages/"


def page(job_id: str, number: int) -> str:
    """The good result of a page; ``number`` counts from 1."""
    return f"{pages(job_id)}{number:06d}.json"


def failed_page(job_id: str, number: int) -> str:
    """The failed result of a page."""
    return f"{pages(job_id)}{number:06d}.failed.json"


def parse_page_key(key: str) -> tuple[int, bool] | None:
    """(page, whether it is the failed result), or None for any other key."""
    match = _PAGE_KEY.fullmatch(key)
    return (int(match[1]), match[2] is not None) if match and int(match[1]) else None


def figures(job_id: str) -> str:
    """The prefix of the crops."""
    return job(job_id) + "figures/"


def figure_name(number: int, order: int, digest: str) -> str:
    """A crop's name within its job: page, place on the page from 1, hash of its bytes."""
    if _DIGEST.fullmatch(digest) is None:
        raise UsageError(f"{digest[:80]!r} is no hash of a figure")
    return f"figures/{number:06d}-{order:02d}-{digest}.png"


def document(job_id: str, ext: str) -> str:
    """The merged document; ``ext`` is "md" or "json"."""
    if _SUFFIX.fullmatch(ext) is None:
        raise UsageError(f"{ext[:20]!r} can't be the suffix of a document")
    return f"{job(job_id)}document.{ext}"


def done(job_id: str) -> str:
    """``_DONE``, the commit of a job."""
    return job(job_id) + "_DONE"


def notified(job_id: str) -> str:
    """``_NOTIFIED``: the webhook was delivered."""
    return job(job_id) + "_NOTIFIED"


def notify_marker(job_id: str) -> str:
    """The marker of a job whose webhook is due."""
    return NOTIFY + check_job_id(job_id)


def delivery(job_id: str) -> str:
    """The record of the tries to deliver the webhook."""
    return job(job_id) + "webhook.json"


def job_of(key: str) -> str:
    """The job that ``key`` belongs to; for foreign objects the part that stands in its place."""
    prefix = OPEN if key.startswith(OPEN) else JOBS
    return key.removeprefix(prefix).split("/", 1)[0]


def is_figure_name(name: str) -> bool:
    """Whether ``name`` is the file name of a crop as ``figure_name`` makes it."""
    return _FIGURE.fullmatch(name) is not None


def watch(watch_id: str) -> str:
    """The prefix of everything that a watch keeps, with its slash."""
    if _WATCH_ID.fullmatch(watch_id) is None:
        raise UsageError(f"{watch_id[:80]!r} is not the id of a watch")
    return f"{WATCH}{watch_id}/"


def watch_open(watch_id: str, key_digest: str = "") -> str:
    """The open work of one key of a watch, or the prefix of all of it."""
    return f"{watch(watch_id)}open/{key_digest}"


def watch_claims(watch_id: str, key_digest: str = "", version_digest: str = "") -> str:
    """The claim of one version, or the prefix of those of a key or of all."""
    every = f"{watch(watch_id)}claims/"
    return f"{every}{key_digest[:2]}/{key_digest}-{version_digest}" if key_digest else every


def parse_watch_claim(key: str) -> tuple[str, str] | None:
    """The digests of key and version in a claim's name, or None for any other key."""
    match = _WATCH_CLAIM.fullmatch(key)
    return (match[1], match[2]) if match else None
