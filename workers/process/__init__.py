"""Worker processes: supervisor, pages process, control process, health and probes."""
