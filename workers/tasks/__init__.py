"""The Celery tasks: read one page, reduce one job."""
