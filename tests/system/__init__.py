"""Tests of whole commands and fleets, as people run them."""
