"""From a fitted scikit-learn text pipeline to the graph of a lexical FAQ model."""
