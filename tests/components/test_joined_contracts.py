"""Contracts of several stacks put together, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from anyport.errors import BuildError
from anyport.gateway.routes import route_table
from anyport.shares import joined_contracts

PLACES = {"azure": "azure_openai", "vertex": "vertex_ai", "oci": "oci_generative_ai"}


def share(name: str, priority: int, window: int | None = 1000, **more: Any) -> dict[str, Any]:
    limits = {"context_window": window}
    target = {
        "endpoint": "chat", "target": name, "provider": PLACES[name], "operator": name, "region": "r",
        "failure_domain": name, "priority": priority, "kind": "chat", "base_url": f"https://{name}.test/v1",
        "model": "m", "auth": {"kind": "entra"}, "features": ["streaming", "tools"], "limits": limits,
    }  # fmt: skip
    contract = {
        "endpoint": "chat", "model": "m", "apis": ["chat_completions"], "features": ["streaming"], "limits": limits,
        "targets": [target], "elsewhere": [each for each in PLACES if each != name], **more,
    }  # fmt: skip
    return {"chat": contract}


def test_all_shares_are_the_whole_in_order_of_priority() -> None:
    [(name, whole)] = joined_contracts([share("oci", 3), share("azure", 1, 500), share("vertex", 2)]).items()
    assert name == "chat"
    assert [target["target"] for target in whole["targets"]] == ["azure", "vertex", "oci"]
    assert whole["elsewhere"] == []
    assert whole["limits"]["context_window"] == 500
    assert [target.name for target in route_table({"chat": whole}).endpoints[0].targets] == [
        "azure",
        "vertex",
        "oci",
    ]


def test_a_vendor_left_out_widens_no_promise() -> None:
    shares = [share("azure", 1, 500), share("vertex", 2), share("oci", 3)]
    whole = joined_contracts(shares, without=["azure_openai"])["chat"]
    assert [target["target"] for target in whole["targets"]] == ["vertex", "oci"]
    assert whole["elsewhere"] == ["azure"]
    assert (whole["features"], whole["limits"]["context_window"]) == (["streaming"], 500)


def test_a_share_that_is_not_there_is_elsewhere() -> None:
    whole = joined_contracts([share("azure", 1), share("oci", 3)])["chat"]
    assert whole["elsewhere"] == ["vertex"]


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ([share("azure", 1), share("azure", 1)], "endpoints.chat.azure: two stacks build it"),
        ([share("azure", 1), share("oci", 3, model="other")], "the stacks were built from different specs"),
        ([{"chat": {"endpoint": "chat"}}], "endpoints.shares.0.chat: is no contract: model: field required"),
        (["chat"], "endpoints.shares.0: is no map of contracts"),
    ],
)
def test_contradictions_are_told(shares: Any, says: str) -> None:
    with pytest.raises(BuildError) as caught:
        joined_contracts(shares)
    assert says in str(caught.value)
    assert "AP401" in str(caught.value)
