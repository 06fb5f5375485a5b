"""CSV of clients, services and domains: read, compare, write. docs/import.md says how."""
