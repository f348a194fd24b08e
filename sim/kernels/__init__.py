"""Economics as pure functions of arrays: no files, no scenario, no state."""
