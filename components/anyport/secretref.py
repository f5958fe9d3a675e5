"""A secret by reference: the spec, the plan and the contract name it and never hold it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

__all__ = ["SecretRef"]

ConfigKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][\w.-]*:[A-Za-z][\w.-]*$")]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class SecretRef(BaseModel):
    """Where a secret value is to be had at deployment time.

    `config: "secrets:vllm_api_key"` is a Pulumi config secret (`pulumi config set --secret …`);
    `env: VLLM_API_KEY` is an environment variable of the process that runs `pulumi up`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: ConfigKey | None = None
    env: EnvName | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> SecretRef:
        if (self.config is None) == (self.env is None):
            raise ValueError("give exactly one of config and env")
        return self

    @property
    def uri(self) -> str:
        """The reference as contracts carry it, such as `config:secrets:vllm_api_key`."""
        return f"config:{self.config}" if self.config else f"env:{self.env}"
