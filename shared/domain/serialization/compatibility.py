"""Compatibility levels: what workers of a release can read of a job.

Workers name their level in heartbeats, and a producer writes a new job so that the lowest level
among the live workers can read it. A level is added where earlier workers would refuse what this
release writes; docs/upgrade.md lists them.
"""

#: Workers of release 0.1, which name no level.
FIRST_LEVEL = 1
#: From here on workers accept job ids of 32 and 16 hex digits.
LONG_JOB_IDS = 2
#: From here on workers dispatch the jobs of tenants.
TENANTS = 2
#: The level of this release.
LEVEL = LONG_JOB_IDS
#: The field of a heartbeat's facts that holds the level.
FACT = "level"
