"""`anyport drill`: the real gateway, targets that break on purpose, and what callers saw of it.

One direction: `plans` says what is broken when, `run` does it and writes down `Call`s and `Hit`s, `measure` makes
numbers of them, `judge` holds the numbers against the guarantee, `report` and `page` show both. Nothing leaves
loopback. The gateway's configuration comes from outside (`Recipe`), so any gateway could be drilled.
"""
