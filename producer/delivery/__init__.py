"""Exports finished documents and reports how each input ended."""
