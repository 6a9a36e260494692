"""Takes a service away from a real fleet in the middle of its work and looks from outside.

``python -m tests.system.outage --help``; a short run of each service is part of the tests.
"""
