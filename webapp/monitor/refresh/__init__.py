"""The refresh: which host names are due, who checks them, and how a run ends."""
