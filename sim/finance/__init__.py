"""Income, working capital, cash and rescue: arrays over firms."""
