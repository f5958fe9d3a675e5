"""The policy pack `baseline`; what it demands is in ../RULES.md."""

from datetime import UTC, datetime
from pathlib import Path

from anyport_policies.pulumi_pack import serve

serve("baseline", Path(__file__).parent, datetime.now(UTC).date())
