"""The program of every stack: build the endpoints that `Pulumi.<stack>.yaml` describes."""

from datetime import UTC, datetime
from pathlib import Path

from anyport.program import run

run(Path(__file__).parent, today=datetime.now(UTC).date())
