"""One page of a long list: its order, the cursor that leads to it, and how many rows there are.

Generic: knows no table. `page.fetch` is the way in, docs/adr/0016 says why it is so.
"""
