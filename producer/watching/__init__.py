"""``pagefleet watch``: converts every document that is put into a bucket prefix or a folder.

``places``: buckets and folders behind one interface. ``triggers``: add keys that may be new to
the ``work_queue``. The steps of one object are ``ingest`` (claim a version, submit a job),
``track_jobs`` (poll the job), ``delivery`` (write the outputs) and ``finalize`` (move or delete
the source). ``state`` is what a watch stores; everything else can be lost in a crash.
"""
