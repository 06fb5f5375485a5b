"""Reports over everything that is monitored: one query, its sorts and filters, and what can be
taken away from it."""
