"""Tags, SKU texts, tokens and estimates: the small readers, each by examples."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from anyport.bill.columns import header_provider, version_of
from anyport.bill.estimate import read_estimate
from anyport.bill.places import model_names
from anyport.bill.sellers import is_ai, provider_named
from anyport.bill.sku import token_kind
from anyport.bill.tags import tag_values
from anyport.bill.usage import read_usage
from anyport.errors import AnyportError


@pytest.mark.parametrize(
    "text",
    [
        '{"anyport-endpoint": "chat", "owner": "x", "flag": true}',
        '"anyport-endpoint": "chat","owner": "x"',
        '[{"Key": "anyport-endpoint", "Value": "chat"}, {"Key": "x", "Value": null}]',
        '[{"key": "anyport-endpoint", "value": "chat", "inherited": false}]',
        '{"tags/anyport-endpoint": "chat"}',
        '{"Namespace.Anyport_Endpoint": "chat"}',
        '{"anyport-endpoint": "chat", "anyport-endpoint": "second"}',
        '{"anyport-endpoint": " chat "}',
    ],
)
def test_tags_are_read_in_every_form(text: str) -> None:
    assert tag_values([None, "", text]) == {"endpoint": "chat"}


@pytest.mark.parametrize(
    "text", ["", "anyport-endpoint", "[1, 2]", "{}", '{"anyport-endpoint": ""}', '{"anyport-endpoint', "null"]
)
def test_what_is_no_tag_gives_none(text: str) -> None:
    assert tag_values([text]) == {}


def test_an_earlier_column_of_tags_wins() -> None:
    first, second = '{"anyport-endpoint": "a"}', '{"anyport-endpoint": "b", "anyport-target": "t"}'
    assert tag_values([first, second]) == {"endpoint": "a", "target": "t"}


@pytest.mark.parametrize(
    ("text", "model", "kind"),
    [
        ("gpt-oss-120B Inp glbl Tokens", "gpt-oss-120b", "input"),
        ("gpt 4o 1120 cached Inp glbl", "gpt-4o", "cached_input"),
        ("gpt-4o-mini-0718-Outp-regnl", None, "output"),
        ("GPT 5 Inpt Glbl 1M Tokens", None, "input"),
        ("GPT 5 1M outpt", None, "output"),
        ("5.4 inp Gl 1M Tokens", None, "input"),
        ("Gemini 2.5 Flash Text Input", "gemini-2.5-flash", "input"),
        ("Gemini 2.5 Flash Lite Text Output", "gemini-2.5-flash-lite", "output"),
        ("Gemini 2.5 Flash Image Output", None, "output"),
        ("Oracle Cloud Infrastructure Generative AI - Large Cohere", None, None),
        ("Provisioned Managed Global", None, None),
        ("", None, None),
    ],
)
def test_models_are_read_only_where_they_surely_stand(text: str, model: str | None, kind: str | None) -> None:
    assert (model_names().model(text), token_kind(text)) == (model, kind)


def test_every_model_of_the_catalog_is_read_from_its_own_name() -> None:
    from anyport.catalog import load

    names = model_names()
    one_word = {name for name in load().models if names.model(f"{name} tokens") is None}
    assert one_word == set()


@pytest.mark.parametrize(
    ("columns", "version"),
    [
        (("BilledCost", "UsageQuantity", "Provider"), "1.0-preview"),
        (("BilledCost", "ConsumedQuantity", "ProviderName"), "1.0"),
        (("BilledCost", "ConsumedQuantity", "SkuMeter", "ProviderName"), "1.1"),
        (("billedcost", "INVOICEID", "SkuMeter", "ProviderName"), "1.2"),
        (("BilledCost", "InvoiceId", "ProviderName", "ServiceProviderName"), "1.3"),
        (("BilledCost", "InvoiceDetailId", "ServiceProviderName"), "1.4"),
        (("BilledCost",), "unknown"),
    ],
)
def test_the_version_is_told_by_the_columns(columns: tuple[str, ...], version: str) -> None:
    assert version_of(columns) == version


def test_the_provider_is_told_by_its_own_columns() -> None:
    assert header_provider(["BilledCost", "x_SkuMeterName"]) == "azure_openai"
    assert header_provider(["BilledCost", "x_ExportTime", "x_Labels"]) == "vertex_ai"
    assert header_provider(["BilledCost", "oci_CompartmentId"]) == "oci_generative_ai"
    assert header_provider(["PricingQuantity", "x_ClusterName"]) == "coreweave_vllm"
    assert header_provider(["BilledCost", "Tags"]) is None


@pytest.mark.parametrize(
    ("names", "provider"),
    [
        ((None, "Google Cloud"), "vertex_ai"),
        (("Microsoft", "Cohere"), "azure_openai"),
        ((None, "Cohere", "Microsoft"), "azure_openai"),
        (("Amazon Web Services",), "Amazon Web Services"),
        (("Society of Associations",), "Society of Associations"),
        ((None, " "), None),
    ],
)
def test_the_cloud_is_told_by_names_in_the_row(names: tuple[str | None, ...], provider: str | None) -> None:
    assert provider_named(names) == provider


def test_ai_spend_is_told_by_category_service_or_resource() -> None:
    assert is_ai("AI and Machine Learning")
    assert is_ai(None, "Vertex AI")
    assert is_ai("Other", "Cognitive Services")
    assert is_ai("Other", None, resource="/x/Microsoft.CognitiveServices/accounts/a")
    assert not is_ai("Storage", "Storage Accounts", resource="/x/microsoft.storage/s")


def test_tokens_of_a_target_add_up(tmp_path: Path) -> None:
    file = tmp_path / "u.csv"
    file.write_text(
        "\ufeffTarget,endpoint,input_tokens,output_tokens,month\na,chat,1,2,2026-10\na,chat,10,20,2026-10\na,chat,5,5,\n"
    )
    usage = read_usage(file)
    assert usage.of("prod", "chat", "a", "2026-10", only_month=False) == (11, 22)
    assert usage.of("prod", "chat", "a", "2026-10", only_month=True) == (16, 27)
    assert usage.of("prod", "chat", "b", "2026-10", only_month=True) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("endpoint,target,input,output_tokens\n", ["unknown column 'input'", "lacks input_tokens"]),
        ("", ["lacks endpoint, target, input_tokens, output_tokens"]),
        (
            "endpoint,target,input_tokens,output_tokens\na,b,1e3,-4\n",
            [":2: AP566", "input_tokens '1e3', output_tokens '-4'"],
        ),
        ("endpoint,target,input_tokens,output_tokens\na,,1\n", ["target '', output_tokens ''"]),
        ("endpoint,target,input_tokens,output_tokens\na,b,1,2,3\n", ["more fields than the header"]),
        ("endpoint,target,input_tokens,output_tokens,month\na,b,1,2,2026-13\n", ["month '2026-13'"]),
        (
            "endpoint,target,input_tokens,output_tokens,Endpoint\na,b,1,2,c\n",
            [":1: AP566", "has the column 'endpoint' twice"],
        ),
    ],
)
def test_wrong_usage_files_are_said(text: str, said: list[str], tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text(text)
    with pytest.raises(AnyportError) as refusal:
        read_usage(tmp_path / "u.csv")
    for part in said:
        assert part in str(refusal.value)


def test_figures_of_an_estimate_are_exact_and_may_be_unknown(tmp_path: Path) -> None:
    file = tmp_path / "e.json"
    file.write_text(
        '{"targets": [{"endpoint": "chat", "target": "a", "monthly": 0.1}, {"endpoint": "chat", "target": "b", "monthly": null}]}'
    )
    estimate = read_estimate(file)
    assert estimate.of("prod", "chat", "a") == {"USD": Decimal("0.1")}
    assert estimate.of("prod", "chat", "b") == {"USD": None}
    assert estimate.of("prod", "chat", "c") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON"), ("[]", "names no target"), ("{}", "names no target"), ("[" * 100_000, "is nested too deep"),
        ('{"targets": [1]}', "no usable figure at targets[0]"),
        ('{"targets": [{"endpoint": "a", "target": "b"}]}', "no usable figure at targets[0]"),
        ('{"costs": {"f": [{"name": "a", "targets": [{"name": "b", "rent_usd": "1"}]}]}}', "no usable figure at f: a/b"),
    ],
)  # fmt: skip
def test_wrong_estimates_are_said(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(text)
    with pytest.raises(AnyportError, match="AP567") as refusal:
        read_estimate(tmp_path / "e.json")
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "figure",
    [
        '"NaN"',
        "Infinity",
        "true",
        "[]",
        "1e9999999999999999999999",
        '"1e999999"',
        '"1e-999999"',
        "1e15",
        "9" * 5000,
    ],
)
def test_figures_that_no_bill_can_have_are_refused(figure: str, tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(
        f'{{"targets": [{{"endpoint": "a", "target": "b", "monthly": {figure}}}]}}'
    )
    with pytest.raises(AnyportError, match=r"AP567 the estimate has no usable figure at targets\[0\]"):
        read_estimate(tmp_path / "e.json")


def test_two_figures_for_one_target_are_named(tmp_path: Path) -> None:
    row = {"name": "b", "steady_usd": "1.00"}
    costs = {file: [{"name": "a", "tier": "prod", "targets": [row]}] for file in ("east.yaml", "west.yaml")}
    (tmp_path / "e.json").write_text(json.dumps({"costs": costs}))
    with pytest.raises(AnyportError, match="has two figures in USD for a/b of tier prod") as refusal:
        read_estimate(tmp_path / "e.json")
    assert "east.yaml: a/b and west.yaml: a/b" in str(refusal.value)


def test_what_anyport_cost_prints_is_read_as_a_steady_month(tmp_path: Path) -> None:
    rows = [
        {"name": "a", "steady_usd": "15.77"},
        {"name": "b", "steady_usd": "0.00"},
        {"name": "c", "steady_usd": None},
    ]
    costs = {"stacks/Pulumi.dev.yaml": [{"name": "chat", "tier": "dev", "targets": rows}]}
    (tmp_path / "e.json").write_text(json.dumps({"costs": costs}))
    estimate = read_estimate(tmp_path / "e.json")
    assert [estimate.of("dev", "chat", name).get("USD", "-") for name in "abc"] == [
        Decimal("15.77"),
        Decimal(0),
        None,
    ]
    assert estimate.of("prod", "chat", "a") == {}
