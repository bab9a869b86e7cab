"""The FAQ matcher: data, features, training, evaluation and its graph, one module each."""
