"""Judging by other models: teachers that label rows which they did not write."""
