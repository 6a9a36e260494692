"""Writes an HTML page that shows each page image with its boxes beside its Markdown."""

from producer.report.writing import report_job

__all__ = ["report_job"]
