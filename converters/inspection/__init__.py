"""What a model file holds: facts about it, their tables, and what would make it servable."""
