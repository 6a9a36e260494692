"""Bounds of histograms that several processes export."""

#: Seconds from a tenth to a day, for what waits; the targets of the alerts are among them.
WAITING_SECONDS = (
    0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 1800, 3600, 7200, 21_600, 86_400,
)  # fmt: skip
