"""The policy pack `resilience`; what it demands is in ../RULES.md."""

from datetime import UTC, datetime
from pathlib import Path

from anyport_policies.pulumi_pack import serve

serve("resilience", Path(__file__).parent, datetime.now(UTC).date())
