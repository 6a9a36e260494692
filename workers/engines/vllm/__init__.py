"""DeepSeek-OCR on vLLM: the engine's request side; ``plugin`` runs inside vLLM's processes."""
