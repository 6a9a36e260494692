"""Reads pages from their pixels."""
