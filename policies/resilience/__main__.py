"""The policy pack `resilience`; what it demands is in ../RULES.md."""

from datetime import UTC, datetime

from pulumi_policy import PolicyPack

from anyport_policies.pulumi_view import pack_policies

PolicyPack(name="anyport-resilience", policies=pack_policies("resilience", today=datetime.now(UTC).date()))
