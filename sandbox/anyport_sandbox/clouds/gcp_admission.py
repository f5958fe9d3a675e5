"""What the simulated Google Cloud asks of every request: a project, an API that is on, the right host.

Source (collected 2026-11-22): terraform-provider-google-beta, where the host of Vertex AI follows the provider's
region and not the resource's location.
"""

from __future__ import annotations

from typing import Any

from .behaviour import Env, Inputs, require
from .errors import CloudError
from .state import Records
from .wire import plain

__all__ = ["HOSTLESS", "NUMBER", "admit_api", "admit_delete", "admit_place", "project_of"]

NUMBER = "123456789012"
"""Number of every simulated project."""
_SERVICE = "gcp:projects/service:Service"
HOSTLESS = ("global", "us", "eu")


def project_of(env: Env, inputs: Inputs) -> str:
    """The resource's project, else the provider's."""
    return str(inputs.get("project") or require(env.config, "project", "project: required field is not set"))


def admit_api(env: Env, inputs: Inputs, records: Records, name: str = "aiplatform") -> None:
    """Refuse what belongs to an API that is off in the project."""
    project = project_of(env, inputs)
    api = f"{name}.googleapis.com"
    if all(record["id"] != f"{project}/{api}" for record in records.of_type(_SERVICE)):
        title = "Vertex AI API" if name == "aiplatform" else f"{name} API"
        raise CloudError(
            f"{title} has not been used in project {project} before or it is disabled. Enable it by visiting "
            f"https://console.developers.google.com/apis/api/{api}/overview?project={project} then retry. "
            "(reason: SERVICE_DISABLED)",
            code="PERMISSION_DENIED", status=403,
        )  # fmt: skip


def admit_delete(record: dict[str, Any]) -> None:
    """The provider's own guard: `deletionPolicy` PREVENT."""
    if plain(record["inputs"]).get("deletionPolicy") == "PREVENT":
        raise CloudError(
            f"cannot destroy {record['id']} with deletionPolicy PREVENT; set it to DELETE and run an update first"
        )


def admit_place(location: str, region: str) -> None:
    """A request for one region that arrives at another region's host."""
    if location != region:
        raise CloudError(
            f"The provider's region is '{region}' but the resource's location is '{location}': the request went to "
            f"{region}-aiplatform.googleapis.com, which does not serve projects in '{location}'. Use a gcp provider "
            f"with region '{location}'.",
            code="INVALID_ARGUMENT", status=400,
        )  # fmt: skip
