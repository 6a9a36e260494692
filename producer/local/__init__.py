"""The fleet that ``pagefleet run`` starts on this machine: broker, workers, conversion."""
