"""Settings, the process environment and what hardware this machine has."""
