"""Chooses an endpoint's targets from the catalog: `check` a placement, `planner` to place one, `explain` why.

Pure: no network, clock or chance; the order of dicts does not matter. It knows list prices, no discounts, and no
latency at all, only whether a place is in a geography that was called near. `constraints` holds what any set of
targets must satisfy: the resilience rules as far as a plan can be judged by them.
"""
