"""Checks that the packages of the chosen export formats are installed."""

from shared.config.hardware import has_package
from shared.domain.errors import UsageError
from shared.domain.formats.export_formats import ExportChoice


def check_packages(choice: ExportChoice) -> None:
    """Raise UsageError for the first format whose package is missing; loads none of them."""
    for each in choice.formats:
        if not all(map(has_package, each.modules)):
            raise UsageError(
                f"--to {each.name} needs a package that is not installed: "
                f"pip install 'pagefleet[{each.extra}]'"
            )
