"""The CPU engine: reads one page with small models, in helper processes of one core each."""
