"""Stops a service of a real fleet during its work, and checks the results from outside.

``python -m tests.system.outage --help``; a short run of each service is part of the tests.
"""
