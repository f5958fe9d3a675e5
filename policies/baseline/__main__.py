"""The policy pack `baseline`; what it demands is in ../RULES.md."""

from datetime import UTC, datetime

from pulumi_policy import PolicyPack

from anyport_policies.pulumi_view import pack_policies

PolicyPack(name="anyport-baseline", policies=pack_policies("baseline", today=datetime.now(UTC).date()))
