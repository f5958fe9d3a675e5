"""Options of a Vertex AI target: managed by Google, or self-deployed from Model Garden."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from ...secretref import SecretRef
from ..options import Capability, OptionGroup, ProviderTraits, TargetOptions
from ..shared_options import Alerts, Budget
from .combinations import refuse
from .together import claims

__all__ = [
    "TRAITS",
    "Autoscaling",
    "PrivateAccess",
    "PrivateAutomation",
    "ProjectBudget",
    "Quota",
    "VertexAiOptions",
    "WorkloadIdentity",
]

ProjectId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
Member = Annotated[
    str,
    StringConstraints(
        pattern=r"^(user|group|serviceAccount|domain):[^\s:]+$|^principal(Set)?://iam\.googleapis\.com/\S+$"
    ),
]
Subject = Annotated[str, StringConstraints(pattern=r"^[^\s']{1,127}$")]
Percent = Annotated[int, Field(ge=1, le=100)]


def _not_googles(name: str) -> str:
    if name.startswith("gcp-"):
        raise ValueError("must not start with gcp-, which Google keeps for itself")
    return name


PoolId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9-]+$", min_length=4, max_length=32),
    AfterValidator(_not_googles),
]


class WorkloadIdentity(OptionGroup):
    """Callers outside Google Cloud, by the tokens that their own platform gives them; no key is made."""

    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]+$")]
    """OIDC issuer, such as `https://token.actions.githubusercontent.com` or a cluster's. Google must be able to
    read its public keys."""
    audiences: tuple[Annotated[str, StringConstraints(min_length=1, max_length=256)], ...] = Field(
        default=(), max_length=10
    )
    """Audiences that tokens may carry. Default: the one address of the provider that is made, as Google's own
    tools ask for."""
    subjects: tuple[Subject, ...] = Field(min_length=1)
    """Exact `sub` claims that may call, and no others: an issuer that many share, such as GitHub's, would
    otherwise let all of them in."""
    pool: PoolId | None = None
    """Id of the pool to make. Default: from endpoint, target and stack. A deleted
    pool keeps its id for about 30 days: write another one to make it again sooner."""


class Autoscaling(OptionGroup):
    """How full machines may get before another one starts. Google's own default for both is 60."""

    accelerator_percent: Percent | None = None
    """Mean use of the accelerators (duty cycle), percent."""
    cpu_percent: Percent | None = None
    """Mean use of the processors, percent."""


class PrivateAutomation(OptionGroup):
    """Lets Google make the connection point in a network of yours."""

    project: ProjectId
    """Project of the network."""
    network: Annotated[str, StringConstraints(pattern=r"^projects/[^/\s]+/global/networks/[^/\s]+$")]
    """Full name of the network. It needs a service connection policy, which is your network's and not made here."""


class PrivateAccess(OptionGroup):
    """A self-deployed endpoint behind Private Service Connect, off the public network."""

    allowed_projects: tuple[ProjectId, ...] = Field(min_length=1)
    """Projects whose networks may connect."""
    address: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+$")]
    """Scheme and host at which your network reaches the endpoint, such as `http://10.0.0.7`; callers get it as
    their base URL. Google does not tell the address through the resource, and names in your network are yours."""
    automation: PrivateAutomation | None = None
    """Have the connection point made. Default: you make it, from the endpoint's service attachment."""


class Quota(OptionGroup):
    """Ask Google for GPUs. A wish, not a grant: Google may take days or refuse, and never takes it back on destroy."""

    preferred_value: int = Field(ge=1)
    """GPUs of this kind in this region for the whole project; there is one wish per kind and region."""
    contact_email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
    """Who Google asks back; the account must have the right to change quota."""
    quota_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{3,200}$")] | None = None
    """Google's name of the quota. Default: the one of `accelerator_type`, where it is on record."""


class ProjectBudget(Budget):
    """A monthly sum for the whole project: nothing that serves a model takes a label to tell targets apart."""

    billing_account: Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$")]
    """Billing account that pays for the project, such as `012345-6789AB-CDEF01`."""


class VertexAiOptions(TargetOptions):
    """Options of a Vertex AI target."""

    project: ProjectId | None = None
    """Google Cloud project id. Default: `gcp:project`; one of the two is needed to build."""
    deployment_kind: Literal["maas", "gemini", "model_garden"] | None = None
    """`maas` and `gemini` are served by Google per token; `model_garden` runs the model on machines that
    you pay for. Default: the managed kind that the catalog lists, also a retired one, which is then refused."""
    machine_type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$")] | None = None
    """Machine for `model_garden`, such as `a3-highgpu-2g`. Needed for that kind: no default is right for all models."""
    accelerator_type: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]+$")] | None = None
    """Accelerator of the machine, such as `NVIDIA_H100_80GB`. Needed for `model_garden`."""
    accelerator_count: int = Field(default=1, ge=1)
    """Accelerators per machine. Default 1, the smallest machine; others must say theirs."""
    min_replicas: int = Field(default=1, ge=1)
    """Fewest machines; all of them are paid for, busy or not. Default 1, which is also the cloud's least."""
    max_replicas: int | None = Field(default=None, ge=1)
    """Most machines; the GPU quota is charged on them from the start. Default: `min_replicas`, so that nothing grows
    unasked."""
    required_replicas: int | None = Field(default=None, ge=1)
    """Machines that must be up for an update to succeed; the rest is tried on. Default: all of `min_replicas`."""
    autoscaling: Autoscaling | None = None
    """When to add machines, between `min_replicas` and `max_replicas`. Default: Google's, at 60 percent."""
    spot: bool = False
    """Spot machines: cheaper, and Google may take them away at any time. Default off: an endpoint must stay up."""
    reservation: (
        Annotated[
            str, StringConstraints(pattern=r"^(any|projects/[^/\s]+/zones/[^/\s]+/reservations/[^/\s]+)$")
        ]
        | None
    ) = None
    """Full name of a Compute Engine reservation to run on, or `any`. Default: none, so that other workloads'
    reservations are left alone."""
    accept_eula: bool = False
    """Whether the model's licence is accepted; Model Garden refuses gated models without it. Default off: accepting
    is somebody's decision."""
    hugging_face_token: SecretRef | None = None
    """Token for gated models that come from Hugging Face; not sent for Google's own Model Garden ids."""
    private_access: PrivateAccess | None = None
    """Put a self-deployed endpoint off the public network. Default: a public address of its own, which answers only
    to callers with the role."""
    quota: Quota | None = None
    """Ask for GPU quota. Default: what the project has."""
    callers: tuple[Member, ...] = ()
    """IAM members that may mint tokens as the service account made for callers. Default: nobody."""
    workload_identity: WorkloadIdentity | None = None
    """Callers from outside Google Cloud, without a key. Default: none."""
    caller_role: Annotated[
        str, StringConstraints(pattern=r"^(roles|projects/[^/\s]+/roles|organizations/[^/\s]+/roles)/[\w.]+$")
    ] = "roles/aiplatform.user"
    """What callers may do in the project. All that a call needs is `aiplatform.endpoints.predict`: a custom role
    with only that is less than the default, which is the least that Google offers ready made as far as is known."""
    alerts: Alerts | None = None
    """Alert policy and who is told. Default: none."""
    budget: ProjectBudget | None = None
    """Budget of the project. Default: none."""


def _kind(options: TargetOptions, offered: tuple[str, ...]) -> tuple[str, str]:
    asked = options.deployment_kind if isinstance(options, VertexAiOptions) else None
    if asked:
        if offered and asked not in offered:
            return "", f"deployment_kind {asked} is not offered; offered: {', '.join(offered)}"
        return asked, ""
    for kind in ("maas", "gemini", "model_garden"):
        if kind in offered:
            return kind, ""
    return "", "no way of serving it is on record; say deployment_kind"


TRAITS = ProviderTraits(
    name="vertex_ai",
    options=VertexAiOptions,
    component="VertexAiTarget",
    kind=_kind,
    auth="google_oauth",
    refuse=refuse,
    claims=claims,
    capabilities={
        "regional": Capability(True, "in a region; the hosts global, us and eu have no known place"),
        "region_fallback": Capability(True, "the hosts global, us and eu, which then count as no failure domain"),
        "identity": Capability(True, "a service account for callers"),
        "keyless": Capability(True, "tokens of about an hour; there is no static key"),
        "workload_identity": Capability(True, "a workload identity pool for one OIDC issuer"),
        "network": Capability(
            False, "Google's hosts are public; only an organization's VPC Service Controls narrow them, and a "
            "dedicated endpoint does not support those"
        ),
        "private_access": Capability(True, "Private Service Connect, for self-deployed models"),
        "customer_managed_key": Capability(
            False, "a Model Garden deployment takes no key, and no resource can deploy a model to an endpoint that does"
        ),
        "content_safety": Capability(
            False, "Gemini's filters are set in each call, and self-deployed models have none"
        ),
        "alerts": Capability(True, "Cloud Monitoring; self-deployed, a 429 is not told from other 4xx"),
        "diagnostics": Capability(
            False, "request logging belongs to bare endpoints, to which no resource can deploy a model; the audit log "
            "of calls is switched for a whole project"
        ),
        "budget": Capability(True, "for the whole project"),
        "quota": Capability(True, "a wish for GPUs, which Google may refuse"),
        "tags": Capability(
            False, "a Model Garden endpoint takes no labels, and a managed model is no resource; only alert policies "
            "and their channels carry them"
        ),
        "version_pinning": Capability(True, "the version is part of the model id"),
        "deletion_protection": Capability(True, "by the engine and by the provider"),
        "drift": Capability(
            False, "the provider does not read a Model Garden deployment or an enabled model; accounts, roles, alerts "
            "and budgets are read"
        ),
    },
)  # fmt: skip
