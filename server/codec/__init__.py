"""Request bodies to rows for a model, results to answers: one module a kind."""
