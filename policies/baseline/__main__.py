"""The policy pack `baseline`; what it demands is in ../RULES.md."""

from datetime import UTC, datetime
from pathlib import Path

from pulumi_policy import PolicyPack

from anyport_policies.pulumi_view import pack_policies
from anyport_policies.steering import steering

TODAY = datetime.now(UTC).date()
PolicyPack(
    name="anyport-baseline", policies=pack_policies("baseline", TODAY, steering(Path(__file__).parent, TODAY))
)
