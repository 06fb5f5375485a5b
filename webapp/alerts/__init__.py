"""Which events of certificates are reported, to whom and when.

Pure: facts and a `now` go in, messages come out. Nothing here reads a clock, a database or a
request, so the scheduler of a site and a rehearsal run the same code. docs/alerts.md has the rules
in words.
"""
