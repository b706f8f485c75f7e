"""The safety layers: one file, one class, one method each."""
