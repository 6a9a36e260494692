"""What runs inside vLLM's own processes; nothing else of pagefleet is imported there."""
