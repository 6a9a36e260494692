"""Reading other scripts with Tesseract."""
