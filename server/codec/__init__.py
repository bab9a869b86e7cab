"""Request bodies to rows for the batcher, results to answers: one module a kind."""
