"""The Responses API through the official client."""

from __future__ import annotations

import json

import openai
import pytest

from .conftest import BASES, MODELS, PROFILE, Client

BETA = BASES["vertex"].replace("/v1/", "/v1beta1/")
TOOL = {
    "type": "function",
    "name": "now",
    "strict": True,
    "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
}


@pytest.mark.parametrize(
    ("name", "base"),
    [("azure", None), ("oci", None), ("coreweave", None), ("vertex", None), ("vertex", BETA)],
)
def test_plain_and_streamed_say_the_same(odd: Client, name: str, base: str | None) -> None:
    api = odd(name, base=base).responses
    said = api.create(model=MODELS[name], input="say hello", instructions="be brief")
    assert f"target {name} serves chat" in said.output_text
    assert (said.status, said.model) == ("completed", MODELS[name])
    assert said.usage is not None
    assert said.usage.total_tokens == said.usage.input_tokens + said.usage.output_tokens
    with api.stream(model=MODELS[name], input="say hello", instructions="be brief") as stream:
        seen = list(stream)
        final = stream.get_final_response()
    deltas = [each.delta for each in seen if each.type == "response.output_text.delta"]
    assert len(deltas) > 3
    assert "".join(deltas) == said.output_text == final.output_text
    assert [each.sequence_number for each in seen] == list(range(len(seen)))
    assert seen[-1].type == "response.completed"


def test_where_it_does_not_exist(odd: Client) -> None:
    with pytest.raises(openai.NotFoundError):
        odd("own").responses.create(model=MODELS["own"], input="a")


def test_a_routing_profile_takes_it(odd: Client) -> None:
    assert "target profile" in odd("oci").responses.create(model=PROFILE, input="a").output_text


def test_tools_go_there_and_back(odd: Client) -> None:
    api = odd("azure").responses
    call = api.create(model=MODELS["azure"], input="what time", tools=[TOOL]).output[0]
    assert call.type == "function_call"
    assert set(json.loads(call.arguments)) == {"zone"}
    back = {"type": "function_call_output", "call_id": call.call_id, "output": "noon"}
    told = [{"role": "user", "content": "what time"}, call.model_dump(), back]
    assert "Hello" in api.create(model=MODELS["azure"], input=told, tools=[TOOL]).output_text
    with api.stream(model=MODELS["azure"], input="what time", tools=[TOOL]) as stream:
        kinds = [each.type for each in stream]
    assert "response.function_call_arguments.done" in kinds


def test_limits_and_schemas(odd: Client) -> None:
    api = odd("azure").responses
    short = api.create(model=MODELS["azure"], input="a", max_output_tokens=2)
    assert (short.status, short.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    form = {"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": True}}
    assert set(json.loads(api.create(model=MODELS["azure"], input="a", text=form).output_text)) == {"n"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("previous_response_id", "resp_1"),
        ("background", True),
        ("input", []),
        ("input", [{"type": "reasoning"}]),
        ("input", [3]),
        ("input", [{"role": "user", "content": [{"type": "input_file"}]}]),
        ("tools", [{"type": "web_search"}]),
        ("tools", [3]),
        ("text", {"format": {}, "x": 1}),
        ("temperature", 9),
        ("nonsense", 1),
    ],
)
def test_garbage_is_a_400(odd: Client, field: str, value: object) -> None:
    given = {"model": MODELS["azure"], "input": "a", field: value}
    http = odd("azure")._client
    url = f"{BASES['azure']}responses"
    found = http.post(url, json=given, headers={"authorization": "Bearer entra-token"})
    assert found.status_code == (200 if field == "text" else 400)
