"""What firms decide, from what they know."""
