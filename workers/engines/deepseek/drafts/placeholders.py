"""Values in tables of tokens that are no tokens; without torch, for processes that have none."""

#: Fills the unused end of a table.
NONE = -1
#: A place whose token is unknown, such as a coordinate; a draft ends there.
GAP = -2
#: Fills the last tokens of an answer that has fewer; equals nothing in a table.
ABSENT = -3
#: A real token that stands for a missing draft; it is verified like any other.
FILLER = 0
