"""Buckets and folders that documents are taken from and written to."""
