"""docs/gateway-credentials.md says what is so: kinds, options, alerts, and examples that are taken as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from exports_helpers import contracts

from anyport.gateway.alerts import prometheus_rule_spec
from anyport.gateway.cluster_objects import GatewayOptions
from anyport.gateway.credential_sources import CredentialSource, parse_sources
from anyport.gateway.routes import route_table
from anyport.gateway.secrets import PLACEHOLDER
from anyport.source import Source
from anyport_cli.gateway_credentials import gateway_credentials


@pytest.fixture(scope="module")
def text(checkout: Path) -> str:
    return (checkout / "docs" / "gateway-credentials.md").read_text("utf-8")


def test_every_kind_and_what_it_takes_is_named(text: str) -> None:
    kinds = {
        get_args(kind.model_fields["kind"].annotation)[0]: kind
        for kind in get_args(get_args(CredentialSource)[0])
    }
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE))
    assert set(rows) == set(kinds)
    addresses = {"kind", "scope", "authority", "token_url", "iam_url", "url"}
    for name, kind in kinds.items():
        assert set(re.findall(r"`(\w+)`", rows[name])) == set(kind.model_fields) - addresses, name
    assert all(f"`{each}`" in text for each in addresses - {"kind"})


def test_every_option_is_named(text: str) -> None:
    said = set(re.findall(r"`(--[a-z-]+)", text[text.index("## Options") : text.index("Exit codes")]))
    assert said == {
        option for param in gateway_credentials.params for option in param.opts if option.startswith("--")
    }


def test_the_sources_and_the_sidecar_of_the_page_are_taken_as_they_stand(text: str) -> None:
    [sources] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(parse_sources(yaml.safe_load(sources), Source()).targets) == 3
    [program] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    made: dict[str, Any] = {}
    exec(program.replace("\nGatewayOptions(", "\nmade = GatewayOptions("), made)  # our own page
    assert isinstance(made["made"], GatewayOptions)


def test_what_is_written_and_alerted_is_named(text: str) -> None:
    assert PLACEHOLDER.strip() in text
    rules = prometheus_rule_spec(route_table(contracts()), renewer=True)["groups"][0]["rules"]
    assert rules[-1]["alert"] in text
    assert set(re.findall(r"anyport_credential_\w+", rules[-1]["expr"])) == set(
        re.findall(r"anyport_credential_\w+", text)
    )


def test_nothing_of_a_workplace_is_named(text: str) -> None:
    assert not re.search(r"/work/|/tmp/|assistant|session of", text)
