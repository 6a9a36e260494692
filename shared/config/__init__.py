"""Settings, environment variables and hardware detection."""
