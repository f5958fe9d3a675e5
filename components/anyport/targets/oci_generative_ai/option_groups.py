"""Groups of options of an OCI Generative AI target, and the forms of Oracle's names."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ...secretref import SecretRef
from ..options import OptionGroup

__all__ = [
    "ApiKeyOcid",
    "CallerGroup",
    "CompartmentOcid",
    "ContentSafety",
    "HuggingFace",
    "ImportedModel",
    "ManagedApiKey",
    "ModelOcid",
    "ObjectStorage",
    "PrivateAccess",
    "Quota",
    "RegionId",
    "TenancyOcid",
    "UnitShape",
    "WorkloadIdentity",
    "no_duplicates",
]


def _ocid(kinds: str) -> StringConstraints:
    """The form of an OCID of one of these kinds, written as in a regular expression."""
    return StringConstraints(pattern=rf"^ocid1\.({kinds})\.[a-z0-9]*\.[a-z0-9-]*\.[A-Za-z0-9._-]+$")


ApiKeyOcid = Annotated[str, _ocid("generativeaiapikey")]
CompartmentOcid = Annotated[str, _ocid("compartment|tenancy")]
"""The tenancy is its own root compartment."""
KeyOcid = Annotated[str, _ocid("key")]
ModelOcid = Annotated[str, _ocid("generativeaimodel|generativeaiimportedmodel")]
NsgOcid = Annotated[str, _ocid("networksecuritygroup")]
SubnetOcid = Annotated[str, _ocid("subnet")]
TenancyOcid = Annotated[str, _ocid("tenancy")]
VaultOcid = Annotated[str, _ocid("vault")]
RegionId = Annotated[
    str, StringConstraints(pattern=r"^(af|ap|ca|eu|il|me|mx|sa|uk|us)(-[a-z]+){1,2}-\d{1,2}$")
]
"""By the parts of the world that Oracle's SDK 2.189.0 names; not by its list of regions, which grows."""
UnitShape = Annotated[
    str,
    StringConstraints(
        pattern=r"^(([A-Z]+_)?[A-Z]+\d+[A-Z]*(_\d+G)?_X(1|2|4|8|16|32)"
        r"|LLAMA2_70|(EMBED|RERANK)_COHERE|(SMALL|MEDIUM|LARGE)_(COHERE|GENERIC)(_V?\d+)*)$"
    ),
]
"""The forms of all shapes of Oracle's SDK 2.189.0: a GPU and its number, or a size of earlier years."""
CallerGroup = Annotated[
    str,
    StringConstraints(
        pattern=r"^(ocid1\.group\.[a-z0-9]*\.[a-z0-9-]*\.[A-Za-z0-9]+|([A-Za-z0-9._-]+/)?[A-Za-z0-9._-]+)$"
    ),
]
Rule = Annotated[str, StringConstraints(pattern=r"^(ANY|ALL|Any|All|any|all)\s*\{[^{}]+\}$", max_length=4000)]
LimitName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]+$", max_length=100)]
WordName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$", max_length=100)]
Purpose = Literal["TEXT_TO_TEXT", "IMAGE_TEXT_TO_TEXT", "EMBEDDING", "RERANK"]


def no_duplicates(items: tuple[str, ...]) -> tuple[str, ...]:
    """The same items. Raises ValueError for one that is named twice."""
    if len(set(items)) != len(items):
        raise ValueError("names one of them twice")
    return items


class HuggingFace(OptionGroup):
    """Weights from Hugging Face. Nothing pins them unless `commit` is given."""

    model_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
    """Repository, such as `openai/gpt-oss-120b`."""
    token: SecretRef | None = None
    """Access token, for gated or private repositories."""
    branch: str | None = None
    """Branch to import. Default: the repository's own."""
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,40}$")] | None = None
    """Commit to import. Default: the newest, so give it where the same weights must come again."""


class ObjectStorage(OptionGroup):
    """Weights from a bucket."""

    namespace: WordName
    """Object Storage namespace of the tenancy."""
    bucket: WordName
    """Bucket that holds the weights."""
    prefix: str | None = None
    """Folder in the bucket. Default: the whole bucket."""
    region: RegionId | None = None
    """Region of the bucket. Default: the target's."""


class ImportedModel(OptionGroup):
    """Weights of your own on the dedicated cluster. An import takes about 50 minutes; it may take 120 here."""

    hugging_face: HuggingFace | None = None
    """Take them from Hugging Face."""
    object_storage: ObjectStorage | None = None
    """Take them from Object Storage."""
    vendor: str | None = None
    """Who made the model; shown in the console."""
    version: str | None = None
    """Version; shown in the console."""
    capabilities: tuple[Purpose, ...] = ()
    """What the model can do. Default: Oracle finds out."""

    @model_validator(mode="after")
    def _one_source(self) -> ImportedModel:
        if (self.hugging_face is None) == (self.object_storage is None):
            raise ValueError("give exactly one of hugging_face and object_storage")
        return self


class PrivateAccess(OptionGroup):
    """A private endpoint in a subnet of yours, at which the dedicated endpoint answers."""

    subnet_id: SubnetOcid
    """Subnet that holds the private endpoint's address. A change makes another private endpoint."""
    dns_prefix: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=63)]
    """First part of its host name."""
    nsg_ids: Annotated[tuple[NsgOcid, ...], AfterValidator(no_duplicates)] = ()
    """Network security groups that say who may come. Default: none, so the subnet's own lists decide."""


class ContentSafety(OptionGroup):
    """Content moderation of a dedicated endpoint. OCI's provider has no setting for prompt injection or PII."""

    mode: Literal["inform", "block"] = "block"
    """`block` refuses what is found, `inform` only says so. Default `block`: who asks for safety wants it."""
    model_id: ModelOcid | None = None
    """Moderation model. Default: Oracle's."""


class WorkloadIdentity(OptionGroup):
    """Machines and functions that may make signed calls without a key: a dynamic group of the tenancy."""

    matching_rule: Rule
    """Which ones, such as `ALL {instance.compartment.id = 'ocid1.compartment…'}`."""


class ManagedApiKey(OptionGroup):
    """A Generative AI API key that is made after the policy, kept in a vault of yours and renewed on request.

    Needs the `oci` package (`pip install 'anyport[oci]'`) where `pulumi up` runs.
    """

    vault_id: VaultOcid
    """Vault that keeps the key's value."""
    key_id: KeyOcid
    """Symmetric key of that vault that encrypts it."""
    vault_region: RegionId | None = None
    """Region of the vault. Default: the target's."""
    secret_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$", max_length=255)] | None = None
    """Name in the vault. Default: made from the endpoint and the target. A deleted secret keeps its name for
    days, so building the same target again soon needs another name."""
    rotation: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$", max_length=40)]
    """Any word, such as the month. Another word renews the one of the key's two secrets that is not in use and
    puts it in the vault; the old one works on until it expires (90 days after its making) or the next change."""


class Quota(OptionGroup):
    """A cap of your own below Oracle's limits, so that a mistake cannot take more. It raises nothing."""

    compartment: WordName
    """Name (not OCID) of the compartment that is capped; the quota language knows names only."""
    limits: dict[LimitName, Annotated[int, Field(ge=0)]] = Field(min_length=1, max_length=20)
    """Limit name → the most, such as `dedicated-unit-h100-count: 8`; one H100_X8 counts 8."""
