"""The dispatch states of a fleet with several brokers, behind the interface of one."""
