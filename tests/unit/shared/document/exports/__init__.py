"""Tests of the writers of export formats."""
