"""Merges the page results of a job into its document in every output format; does no I/O.

The packages import nothing themselves: a pages process needs few of these modules.
"""
