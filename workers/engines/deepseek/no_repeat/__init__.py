"""The no-repeat n-gram rule of DeepSeek-OCR, as tensor operations and as a Triton kernel."""
