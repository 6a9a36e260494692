"""Bucket prefixes and folders behind one interface: inboxes and outboxes."""
