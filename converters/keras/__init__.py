"""Keras and TensorFlow networks that classify pictures, to ONNX."""
