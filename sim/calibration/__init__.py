"""From market tables to a calibrated market."""
