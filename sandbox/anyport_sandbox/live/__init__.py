"""The clouds' own listings on loopback: models and quota in the documented shapes, with paging and errors on demand.

What they list is the catalog's, so a fresh refresh finds nothing to change; `World` is made to be altered. Simulated
and not known of the real ones: sizes of pages, the order of items, and quota of 1,000 units where nothing else is said.
"""
