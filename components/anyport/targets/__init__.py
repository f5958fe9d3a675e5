"""One folder per provider: `options.py` (data, no Pulumi) and `component.py` (the resources)."""
