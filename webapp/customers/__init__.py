"""Clients, users, services and domains: whose name it is, and who may look."""
