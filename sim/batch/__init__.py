"""Batches: plan the runs, make them in parallel, store each as it finishes."""
