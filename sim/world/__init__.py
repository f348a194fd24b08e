"""The state of a run as arrays, the luck of a replicate, and what stays fixed."""
