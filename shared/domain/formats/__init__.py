"""The files that pagefleet writes for a document."""
