"""The command ``pagefleet``: submits documents, shows progress, fetches results."""
