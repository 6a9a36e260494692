"""``pagefleet report``: every page's image with its boxes beside its Markdown, in one HTML file."""

from producer.report.writing import report_job

__all__ = ["report_job"]
