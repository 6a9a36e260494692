"""What DeepSeek-OCR expects of a page and what its answers mean, free of any engine."""
