"""Checks that the packages of the chosen export formats are installed."""

from shared.config.hardware import has_package
from shared.domain.errors import UsageError
from shared.domain.export_formats import ExportChoice


def check_packages(choice: ExportChoice) -> None:
    """Raise UsageError for the first format whose package is missing; loads none of them."""
    for each in choice.formats:
        missing = next((module for module in each.modules if not has_package(module)), None)
        if missing is not None:
            raise UsageError(
                f"--to {each.name} needs {missing}: pip install 'pagefleet[{each.extra}]'"
            )
