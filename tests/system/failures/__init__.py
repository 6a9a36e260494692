"""A laboratory that breaks a real fleet on purpose and proves that nothing was lost.

Real broker, real store, real worker processes; proxies before both services; faults by a
seeded schedule; a checker that reads nothing but the store.
``python -m tests.system.failures --help``.
"""
