"""Writes an HTML page that shows each page image with its boxes beside its Markdown."""

from producer.report.writing import ReportOptions, Written, report_job

__all__ = ["ReportOptions", "Written", "report_job"]
