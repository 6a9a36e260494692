"""OCR engines behind one contract; ``registry`` imports only the engine that is chosen."""
