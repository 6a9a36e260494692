"""Repairs, retention and webhooks, run by the control process."""
