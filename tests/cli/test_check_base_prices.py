"""A change that moves what an endpoint would cost a month: `anyport check --base` tells both sums."""

from __future__ import annotations

import json

from check_runs import Anyport, Checkout

TEXT = """config:
  anyport:tier: dev
  anyport:providers:
    coreweave_vllm: {domain: vllm.example.com, image: "vllm/vllm-openai@sha256:%s"}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      traffic: {tokens_per_minute: 1000000}
      targets:
        azure: {priority: 1, provider: azure_openai, region: eastus2}
        own: {priority: 2, provider: coreweave_vllm, region: US-EAST-04, zone: US-EAST-04A, instance_type: gd-8xh100ib-i128, replicas: 2}
""" % ("5e" * 32)


def test_a_change_of_machines_moves_the_months(checkout_of: Checkout, anyport: Anyport) -> None:
    # tokens: 43,800 M a month, 80 % at 0.15 and 20 % at 0.60 = 10,512; a machine: 730 h x 49.24 = 35,945.20;
    # a replica takes 2 of a machine's 8 GPUs, so 2 replicas fill a part of one machine and 16 fill four.
    checkout_of.write("Pulumi.x.yaml", TEXT)
    base = checkout_of.commit()
    checkout_of.write("Pulumi.x.yaml", TEXT.replace("replicas: 2", "replicas: 16"))
    text = anyport("check", "--base", base, "--format", "markdown").out
    assert "standby month by list prices: `35,945.20 USD` → `143,780.80 USD`" in text
    assert "steady month by list prices: `46,457.20 USD` → `154,292.80 USD`" in text
    (change,) = json.loads(anyport("check", "--base", base, "--format", "json").out)["changes"]
    assert change["endpoint"] == "chat"


def test_a_change_of_nothing_that_is_paid_tells_no_month(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", TEXT)
    base = checkout_of.commit()
    checkout_of.write("Pulumi.x.yaml", TEXT.replace("eastus2", "southcentralus"))
    text = anyport("check", "--base", base, "--format", "markdown").out
    assert "southcentralus" in text
    assert "month by list prices" not in text
