"""The scoring server: one FastAPI app that answers FAQ questions and classifies pictures."""
