"""Which training settings to try next."""
