"""Private folders below PAGEFLEET_HOME, and the error where it can't be written."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.config.private_home import secure_home
from shared.config.settings import Settings
from shared.domain.errors import StoreUnreachable
from shared.processes.private_folder import PrivateFolder

TEMPORARY = "tmp"


def private_folder(settings: Settings, prefix: str) -> PrivateFolder:
    """A folder of this process below ``home``; raises StoreUnreachable."""
    with home_errors(settings):
        secure_home(settings.home)
        return PrivateFolder(settings.home / TEMPORARY, prefix)


@contextmanager
def home_errors(settings: Settings) -> Iterator[None]:
    """Turns errors of the operating system into StoreUnreachable."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreUnreachable(
            f"can't write in PAGEFLEET_HOME ({settings.home}): {reason}; "
            "free some space, or set it to a writable folder"
        ) from None
