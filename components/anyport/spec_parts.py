"""What targets and placements of a spec have in common: the base model, names, numbers, equivalence."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Strict, StringConstraints

__all__ = ["Equivalence", "Name", "SpecModel", "WholeNumber"]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$|^[a-z]$")]
"""Endpoint and target names become resource and DNS names: lower case, digits, hyphens, 32 at most."""

WholeNumber = Annotated[int, Strict()]
"""A number as YAML writes one; `true` and `"5"` are mistakes here, not numbers."""


class SpecModel(BaseModel):
    """Base of all parts of a spec: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Equivalence(SpecModel):
    """Why another model is good enough in this endpoint's place."""

    reason: Annotated[str, StringConstraints(min_length=10)]
    """What was compared and with what result."""
    evaluated_on: date
    """The day of that evaluation."""
