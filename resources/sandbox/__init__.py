"""Runs hostile programs: rooms of the kernel, and the protocol through their only door."""
