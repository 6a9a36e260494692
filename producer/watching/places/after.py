"""What a watch does with a source after its conversion, and the folders for ``move``."""

from typing import Literal

After = Literal["keep", "move", "delete"]
#: Names of the folders beside the inbox that ``--after move`` moves sources to.
DONE, FAILED = "done", "failed"
