"""Speculative decoding of DeepSeek-OCR: drafts from a known text, and their exact verification."""
