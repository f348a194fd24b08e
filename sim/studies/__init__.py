"""Questions to the model: each runs it as often as it needs and writes a folder of its own."""
