"""The no-repeat n-gram rule of DeepSeek-OCR, on tensors and as a Triton kernel."""
