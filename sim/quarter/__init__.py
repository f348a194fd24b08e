"""The phases of a quarter as functions of state, luck and decisions."""
