"""Tests against a real broker, a real object store or real helper processes."""
