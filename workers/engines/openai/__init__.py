"""pagefleet's side of an OpenAI-compatible server: what is sent, and what answers mean."""
