"""Merges the pages of a job into its document, in a reducer or in the worker of a small job."""
