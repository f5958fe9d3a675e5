"""What OCI targets of one file cannot share: a secret's name in its vault, and an API key of one region."""

from __future__ import annotations

from collections.abc import Iterable

from ..options import Claim, OptionsContext
from .target_options import OciGenerativeAiOptions

__all__ = ["claims"]


def claims(context: OptionsContext) -> Iterable[Claim]:
    """What no other target may take."""
    options = context.options
    if not isinstance(options, OciGenerativeAiOptions):
        return
    managed = options.managed_api_key
    if managed is None:
        yield Claim(
            ("api_key",),
            ("api key", options.api_key.uri),
            options.api_key.uri,
            "a Generative AI API key is known in the region where it was made, and any other answers 401",
            "one key for each region",
            "write api_key in the options of each target, such as "
            f"api_key: {{env: OCI_GENAI_API_KEY_{context.region.upper().replace('-', '_')}}}, or managed_api_key",
            place=context.region,
        )
    elif managed.secret_name:
        yield Claim(
            ("managed_api_key", "secret_name"),
            ("secret", managed.vault_id, managed.secret_name),
            managed.secret_name,
            "a vault has a secret of one name once, and each target makes its own",
            "one name for each target",
            "write managed_api_key in the options of each target, or leave secret_name out for names made from theirs",
        )
