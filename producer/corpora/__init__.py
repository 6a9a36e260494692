"""Collections of many documents: submission that resumes, progress, failures."""
