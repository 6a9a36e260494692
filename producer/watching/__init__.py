"""Drop a file in, get Markdown back: triggers in front, one path behind them.

``addresses`` says what is watched, ``places`` how buckets and folders look alike. Triggers
(``polling``, ``queue_events``, ``webhook``, ``folder_events``) only name keys to look at.
``taking`` claims a version once and makes a job of it, ``following`` waits for its end,
``delivery`` writes what came out. ``state`` is all of it that outlives a process.
"""
