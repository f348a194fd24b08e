"""Questions that stand above the model; the roof of the house."""
