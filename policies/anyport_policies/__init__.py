"""Judgement over endpoints: rules, facts and findings, usable without Pulumi."""
