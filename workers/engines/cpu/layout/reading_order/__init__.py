"""The order in which the blocks of a page are read."""
