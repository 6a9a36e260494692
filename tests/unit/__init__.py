"""Tests of one module without servers; each takes well below a second."""
