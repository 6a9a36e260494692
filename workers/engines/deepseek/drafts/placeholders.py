"""Constants of tables of tokens, without torch, for processes that have none."""

#: Tokens of a reference text; the rest of a longer one is not used.
REFERENCE_TOKENS = 4096

#: Fills the unused end of a table.
NONE = -1
#: Fills the last tokens of an answer that has fewer; equals nothing in a table.
ABSENT = -2
#: A real token that stands for a missing draft; it is verified like any other.
FILLER = 0
