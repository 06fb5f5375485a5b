"""Billing systems that are read on a schedule: what they have is imported, by their own ids."""
