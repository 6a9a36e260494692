"""Progress and facts of jobs."""
