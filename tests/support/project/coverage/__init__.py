"""Branch coverage of the tests, with the helper processes that they start."""
