"""Decides which paragraphs of a page are halves of one."""
