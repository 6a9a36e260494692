"""Tests of one module without servers; most take well below a second."""
