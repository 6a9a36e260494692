"""DeepSeek-OCR models without an engine: page preparation, prompts, sampling, parsing."""
