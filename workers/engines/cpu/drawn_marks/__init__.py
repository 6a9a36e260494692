"""Bullets and check boxes that a page shows as drawings before its lines."""
