"""A laboratory that injects faults into a real fleet and checks that no page was lost.

Real broker, store and worker processes; a proxy in front of each service; faults by a seeded
schedule; a checker that reads only the store.
``python -m tests.system.failures --help``.
"""
