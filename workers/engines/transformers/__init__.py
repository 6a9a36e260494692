"""DeepSeek-OCR with the model classes of Hugging Face transformers; for development."""
