"""Text that stands beside other text: columns, labels with values, line numbers."""
