"""Every word a person reads. Pure: no Flask, no database, no clock of its own."""
