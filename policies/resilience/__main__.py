"""The policy pack `resilience`; what it demands is in ../RULES.md."""

from datetime import UTC, datetime
from pathlib import Path

from pulumi_policy import PolicyPack

from anyport_policies.pulumi_view import pack_policies
from anyport_policies.steering import steering

TODAY = datetime.now(UTC).date()
PolicyPack(
    name="anyport-resilience",
    policies=pack_policies("resilience", TODAY, steering(Path(__file__).parent, TODAY)),
)
