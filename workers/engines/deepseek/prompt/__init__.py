"""The prompt of a page as token ids."""
