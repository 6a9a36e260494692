"""Tests of the pages of Flower."""
