"""Places that tests read: the repository, its examples and the sample documents beside it."""

from pathlib import Path

#: The root of the repository.
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
#: Sample documents beside the repository; tests that need them are skipped where they are absent.
SAMPLES = ROOT.parent / "shared"
DATA = SAMPLES / "data"
