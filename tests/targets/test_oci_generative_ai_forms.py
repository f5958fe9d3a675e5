"""Names of Oracle's that `anyport check` takes by their form: kinds of OCIDs, regions and unit shapes."""

from __future__ import annotations

from typing import Any

import pytest
from oci.generative_ai.models import DedicatedAiCluster
from oci.regions import REGIONS
from pydantic import TypeAdapter, ValidationError
from recorder import Case, cases

from anyport.errors import SpecError
from anyport.targets.oci_generative_ai.option_groups import RegionId, UnitShape

CASES = {case.name: case for case in cases("oci_generative_ai")}
USER = "ocid1.user.oc1..aaaa"
SHAPES = [
    getattr(DedicatedAiCluster, name) for name in dir(DedicatedAiCluster) if name.startswith("UNIT_SHAPE_")
]


def problems(name: str, **options: Any) -> list[tuple[str, str]]:
    """Code and option of everything that is wrong with a case, options laid over its own."""
    case = Case(**{**vars(CASES[name]), "options": {**CASES[name].options, **options}})
    try:
        case.planned()
    except SpecError as error:
        return [(p.code, p.path.removeprefix("endpoints.chat.targets.one.options.")) for p in error.problems]
    return []


@pytest.mark.parametrize(
    ("name", "options", "path"),
    [
        ("smallest", {"compartment_id": USER}, "compartment_id"),
        ("smallest", {"tenancy_id": "ocid1.compartment.oc1..a"}, "tenancy_id"),
        ("smallest", {"api_key_ids": [USER]}, "api_key_ids.0"),
        ("dedicated", {"model_ocid": USER}, "model_ocid"),
        ("dedicated", {"private_access": {"subnet_id": USER, "dns_prefix": "a"}}, "private_access.subnet_id"),
        ("dedicated", {"content_safety": {"model_id": USER}}, "content_safety.model_id"),
        ("smallest", {"managed_api_key": {"vault_id": USER, "key_id": "ocid1.key.oc1..a", "rotation": "1"}},
         "managed_api_key.vault_id"),
        ("smallest", {"managed_api_key": {"vault_id": "ocid1.vault.oc1..a", "key_id": USER, "rotation": "1"}},
         "managed_api_key.key_id"),
        ("smallest", {"home_region": "mars-north-1"}, "home_region"),
        ("dedicated", {"unit_shape": "NO_SUCH_SHAPE"}, "unit_shape"),
    ],
)  # fmt: skip
def test_a_name_of_another_kind_is_refused(name: str, options: dict[str, Any], path: str) -> None:
    assert problems(name, **options) == [("AP103", path)]


def test_names_of_the_right_kind_are_taken() -> None:
    assert problems("smallest", compartment_id="ocid1.tenancy.oc1..root") == []
    imported = "ocid1.generativeaiimportedmodel.oc1.us-chicago-1.mine"
    assert problems("dedicated", model_ocid=imported) == []
    assert problems("smallest", home_region="eu-dcc-milan-1") == []


@pytest.mark.parametrize(("form", "names"), [(RegionId, REGIONS), (UnitShape, SHAPES)])
def test_every_region_and_shape_of_oracles_client_is_taken(form: Any, names: list[str]) -> None:
    taken = TypeAdapter(form)
    assert len(names) > 80
    for name in names:
        assert taken.validate_python(name) == name


@pytest.mark.parametrize("shape", ["H100", "H100_2", "H100_X3", "OAI_X2", "LARGE_OPENAI", "h100_x2"])
def test_a_shape_of_no_such_form(shape: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(UnitShape).validate_python(shape)
