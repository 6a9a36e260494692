"""The CPU engine's inside: reads one page with small models, in processes of its own."""
