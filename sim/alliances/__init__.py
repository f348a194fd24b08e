"""Alliances: contracts, what their terms do, and the review of them."""
