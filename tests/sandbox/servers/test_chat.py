from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Literal

import openai
import pytest
from pydantic import BaseModel, Field

from anyport_sandbox.servers import tokens
from anyport_sandbox.servers.control import Running

from .conftest import BASES, MODELS, TOKENS, Client

HELLO = [{"role": "user", "content": "say hello"}]
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 9}, "unit": {"enum": ["C", "F"]}, "why": {}},
    "required": ["city", "unit"],
}
TOOLS = [
    {"type": "function", "function": {"name": "now"}},
    {"type": "function", "function": {"name": "weather", "parameters": WEATHER}},
]


@pytest.mark.parametrize("name", list(MODELS))
def test_every_dialect_answers_at_its_real_base_url(client: Client, name: str) -> None:
    said = client(name).chat.completions.create(model=MODELS[name], messages=HELLO)
    text = said.choices[0].message.content or ""
    assert f"target {name} serves chat" in text
    assert said.choices[0].finish_reason == "stop"
    assert said.usage is not None
    assert said.usage.completion_tokens == tokens.count(text)
    assert said.usage.prompt_tokens == tokens.count("say hello")
    assert said == client(name).chat.completions.create(model=MODELS[name], messages=HELLO)


def test_azure_names_its_region(client: Client) -> None:
    raw = client("azure").chat.completions.with_raw_response.create(model="gpt-oss-120b", messages=HELLO)
    assert raw.headers["x-ms-region"] == "eastus2"
    assert "in eastus2" in (raw.parse().choices[0].message.content or "")


def test_stream_joins_to_the_plain_answer_and_ends_with_usage(client: Client) -> None:
    azure = client("azure")
    plain = azure.chat.completions.create(model="gpt-oss-120b", messages=HELLO)
    stream = azure.chat.completions.create(
        model="gpt-oss-120b", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain.choices[0].message.content
    assert len(chunks) > 5
    assert chunks[-1].choices == []
    assert chunks[-1].usage == plain.usage
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]][-2:] == [None, "stop"]


def test_tools(client: Client) -> None:
    azure = client("azure")
    first = azure.chat.completions.create(model="gpt-oss-120b", messages=HELLO, tools=TOOLS)
    assert first.choices[0].finish_reason == "tool_calls"
    assert first.choices[0].message.tool_calls[0].function.name == "now"
    named = azure.chat.completions.create(
        model="gpt-oss-120b",
        messages=HELLO,
        tools=TOOLS,
        tool_choice={"type": "function", "function": {"name": "weather"}},
    )
    call = named.choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"city": "sandboxxx", "unit": "C"}
    after = [
        *HELLO,
        {"role": "assistant", "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    done = azure.chat.completions.create(model="gpt-oss-120b", messages=after, tools=TOOLS)
    assert done.choices[0].message.content
    none = azure.chat.completions.create(
        model="gpt-oss-120b", messages=HELLO, tools=TOOLS, tool_choice="none"
    )
    assert none.choices[0].message.tool_calls is None
    with pytest.raises(openai.BadRequestError, match="not in 'tools'"):
        azure.chat.completions.create(
            model="gpt-oss-120b",
            messages=HELLO,
            tools=TOOLS,
            tool_choice={"type": "function", "function": {"name": "x"}},
        )


def test_streamed_tool_call_accumulates(client: Client) -> None:
    with client("azure").chat.completions.stream(
        model="gpt-oss-120b", messages=HELLO, tools=TOOLS[1:], stream_options={"include_usage": True}
    ) as stream:
        final = stream.get_final_completion()
    call = final.choices[0].message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)["unit"]) == ("weather", "C")


class Leg(BaseModel):
    port: str = Field(min_length=2, max_length=3)
    miles: float = Field(gt=0, le=0.5)
    kind: Literal["sea", "land"]


class Trip(BaseModel):
    legs: list[Leg] = Field(min_length=2)
    captain: Leg | None
    crew: int = Field(ge=7)
    ready: bool


def test_json_schema_gives_what_pydantic_accepts(client: Client) -> None:
    said = client("coreweave").chat.completions.parse(
        model=MODELS["coreweave"], messages=HELLO, response_format=Trip
    )
    trip = said.choices[0].message.parsed
    assert trip is not None
    assert (len(trip.legs), trip.crew) == (2, 7)


def test_limits(client: Client) -> None:
    azure = client("azure")
    cut = azure.chat.completions.create(model="gpt-oss-120b", messages=HELLO, max_tokens=3, n=2)
    assert [each.finish_reason for each in cut.choices] == ["length", "length"]
    assert cut.usage.completion_tokens == 6
    with pytest.raises(openai.BadRequestError) as caught:
        azure.chat.completions.create(
            model="gpt-oss-120b", messages=[{"role": "user", "content": "word " * 1001}]
        )
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="at most 200"):
        azure.chat.completions.create(model="gpt-oss-120b", messages=HELLO, max_tokens=201)


def test_lacking_features_and_bad_requests_are_400(client: Client) -> None:
    own = client("own")
    with pytest.raises(openai.BadRequestError) as caught:
        own.chat.completions.create(model="", messages=HELLO, stream=True)
    assert "no feature streaming" in caught.value.response.text
    with pytest.raises(openai.BadRequestError) as caught:
        own.chat.completions.create(model="", messages=HELLO, tools=TOOLS)
    assert "no feature tools" in caught.value.response.text
    azure = client("azure")
    for bad in (
        {"messages": []},
        {"messages": [{"role": "martian", "content": "x"}]},
        {"messages": HELLO, "temperature": 9},
        {"messages": HELLO, "max_tokens": "3"},
        {"messages": HELLO, "extra_body": {"guided_json": {}}},
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
    ):
        with pytest.raises(openai.BadRequestError):
            azure.chat.completions.create(model="gpt-oss-120b", **bad)
    client("coreweave").chat.completions.create(
        model=MODELS["coreweave"], messages=HELLO, extra_body={"guided_json": {}}
    )


def test_client_in_another_process_needs_only_the_environment(servers: Running) -> None:
    code = (
        "import openai; c = openai.OpenAI(max_retries=0)\n"
        "r = c.chat.completions.create(model='gpt-oss-120b', messages=[{'role': 'user', 'content': 'hi'}])\n"
        "import sys; sys.stdout.write(r.choices[0].message.content)"
    )
    keep = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    env = {
        **keep,
        "HTTPS_PROXY": servers.proxy_url,
        "SSL_CERT_FILE": str(servers.ca_path),
        "OPENAI_BASE_URL": BASES["azure"],
        "OPENAI_API_KEY": TOKENS["azure"],
    }
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "target azure serves chat" in ran.stdout
