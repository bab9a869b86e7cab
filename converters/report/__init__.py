"""What every report on a model is made of: figures with intervals, plots, tables, a page."""
