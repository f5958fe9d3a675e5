"""What a team would write by hand for the same resources: loops and literals, no spec, no catalog, no checks.

The floor that `make bench` measures Anyport's preview against. It registers the very same resources under the
very same names (the bench compares the two lists), as plainly as the SDKs allow.
"""

import json
import uuid
from pathlib import Path

import pulumi
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pulumi_oci as oci

COMPARTMENT = "ocid1.compartment.oc1..sandbox"
PROJECT = "anyport-sandbox"
TAGS = {"owner": "ai-platform", "anyport-tier": "prod"}


def azure_target(name: str, parent: pulumi.Resource) -> None:
    """Resource group, account, deployment, identity, role."""
    child = pulumi.ResourceOptions(parent=parent)
    group = azure.resources.ResourceGroup(
        f"{name}-rg", resource_group_name=f"rg-{name}", location="eastus2", tags=TAGS, opts=child
    )
    account = azure.cognitiveservices.Account(
        f"{name}-account",
        account_name=name,
        resource_group_name=group.name,
        location="eastus2",
        kind="AIServices",
        sku=azure.cognitiveservices.SkuArgs(name="S0"),
        identity=azure.cognitiveservices.IdentityArgs(type="SystemAssigned"),
        properties=azure.cognitiveservices.AccountPropertiesArgs(
            custom_sub_domain_name=name, disable_local_auth=True, public_network_access="Enabled"
        ),
        tags=TAGS,
        opts=child,
    )
    deployment = azure.cognitiveservices.Deployment(
        f"{name}-deployment",
        account_name=account.name,
        resource_group_name=group.name,
        deployment_name="gpt-oss-120b",
        sku=azure.cognitiveservices.SkuArgs(name="Standard", capacity=10),
        properties=azure.cognitiveservices.DeploymentPropertiesArgs(
            model=azure.cognitiveservices.DeploymentModelArgs(
                format="OpenAI-OSS", name="gpt-oss-120b", version="1"
            ),
            version_upgrade_option="NoAutoUpgrade",
        ),
        opts=child,
    )
    caller = azure.managedidentity.UserAssignedIdentity(
        f"{name}-caller",
        resource_name_=f"id-{name}",
        resource_group_name=group.name,
        location="eastus2",
        tags=TAGS,
        opts=child,
    )
    azure.authorization.RoleAssignment(
        f"{name}-role-caller",
        role_assignment_name=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        scope=account.id,
        principal_id=caller.principal_id,
        principal_type="ServicePrincipal",
        role_definition_id=account.id.apply(
            lambda i: (
                f"/{'/'.join(i.split('/')[1:3])}/providers/Microsoft.Authorization/roleDefinitions/"
                "a97b65f3-24c7-4388-baec-2e87135dc908"
            )
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[deployment]),
    )


def vertex_target(name: str, parent: pulumi.Resource) -> None:
    """API, account, role, model."""
    child = pulumi.ResourceOptions(parent=parent, provider=GOOGLE)
    api = gcp.projects.Service(
        f"{name}-api",
        service="aiplatform.googleapis.com",
        project=PROJECT,
        disable_on_destroy=False,
        opts=child,
    )
    account = gcp.serviceaccount.Account(
        f"{name}-caller", account_id=f"sa-{name}", project=PROJECT, display_name=name, opts=child
    )
    gcp.projects.IAMMember(
        f"{name}-user",
        project=PROJECT,
        role="roles/aiplatform.user",
        member=account.email.apply(lambda email: f"serviceAccount:{email}"),
        opts=child,
    )
    gcp.vertex.AiModelGardenEnableModel(
        f"{name}-enable",
        project=PROJECT,
        publisher_model_name="publishers/openai/models/gpt-oss-120b-maas",
        opts=pulumi.ResourceOptions(parent=parent, provider=GOOGLE, depends_on=[api]),
    )


def oci_target(name: str, parent: pulumi.Resource) -> None:
    """A policy in the home region."""
    oci.identity.Policy(
        f"{name}-policy",
        compartment_id=COMPARTMENT,
        name=f"policy-{name}",
        description=name,
        statements=[
            (
                f"allow any-user to use generative-ai-family in compartment id {COMPARTMENT} where ALL "
                "{request.principal.type='generativeaiapikey', target.model.id in ('openai.gpt-oss-120b')}"
            )
        ],
        freeform_tags=TAGS,
        opts=pulumi.ResourceOptions(parent=parent, provider=ORACLE, ignore_changes=["definedTags"]),
    )


GOOGLE = gcp.Provider(f"gcp-{PROJECT}-us-central1", project=PROJECT, region="us-central1")
ORACLE = oci.Provider("oci-us-ashburn-1", region="us-ashburn-1")
KINDS = {
    "azure": ("AzureOpenaiTarget", azure_target),
    "vertex": ("VertexAiTarget", vertex_target),
    "oci": ("OciGenerativeAiTarget", oci_target),
}

for number in range(json.loads((Path(__file__).parent / "count.json").read_text())):
    endpoint = pulumi.ComponentResource("anyport:index:InferenceEndpoint", f"e{number:03}")
    for word, (kind, make) in KINDS.items():
        target = pulumi.ComponentResource(
            f"anyport:index:{kind}", f"e{number:03}-{word}", opts=pulumi.ResourceOptions(parent=endpoint)
        )
        make(f"e{number:03}-{word}", target)
        target.register_outputs({})
    endpoint.register_outputs({})
