"""The HTTP surface, one module a protocol."""
