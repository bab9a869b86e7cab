"""Converters: from a trained model to the one ONNX file that the server loads."""
