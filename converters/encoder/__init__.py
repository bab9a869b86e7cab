"""Sentence encoders: where they come from, their graph, and their int8 variant."""
