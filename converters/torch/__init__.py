"""Networks in PyTorch, to ONNX; everything here needs torch."""
