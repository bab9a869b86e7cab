"""How good an image model is: labelled pictures, what it says to them, figures, a report."""
