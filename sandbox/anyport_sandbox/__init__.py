"""Simulated clouds for a machine with no account: control planes in `clouds`, model servers in `servers`."""
