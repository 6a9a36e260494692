"""``python -m producer.cli`` is the command ``pagefleet``."""

from producer.cli import main

main()
