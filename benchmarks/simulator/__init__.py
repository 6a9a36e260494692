"""A discrete-event model of the fleet, for sizes that do not fit on one machine."""
