"""The side that people use: takes documents in, shows progress, hands results out."""
