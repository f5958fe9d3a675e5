"""The content filter of an account, from typed options. Filter names as public Bicep files spell them."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_azure_native import cognitiveservices

from .groups import ContentSafety
from .site import Site

__all__ = ["filters", "rai_policy"]

MODES = {
    "default": "Default",
    "blocking": "Blocking",
    "asynchronous": "Asynchronous_filter",
    "deferred": "Deferred",
}


def rai_policy(site: Site) -> cognitiveservices.RaiPolicy | None:
    """The policy that deployments name, or None where Microsoft's own holds."""
    asked = site.options.content_safety
    if asked is None:
        return None
    lists = [
        cognitiveservices.CustomBlocklistConfigArgs(blocklist_name=name, blocking=True, source=source)
        for name in asked.blocklists
        for source in ("Prompt", "Completion")
    ]
    return cognitiveservices.RaiPolicy(
        f"{site.name}-rai-policy",
        account_name=site.account.name,
        resource_group_name=site.group_name,
        rai_policy_name="anyport",
        properties=cognitiveservices.RaiPolicyPropertiesArgs(
            base_policy_name=asked.base_policy,
            mode=MODES[asked.mode],
            content_filters=list(filters(asked)),
            custom_blocklists=lists or None,
        ),
        opts=site.child(depends_on=[site.account]),
    )


def filters(asked: ContentSafety) -> Iterator[cognitiveservices.RaiPolicyContentFilterArgs]:
    """Every filter, written out, so that a change of Microsoft's base policy shows as drift."""
    make = cognitiveservices.RaiPolicyContentFilterArgs
    categories = {
        "Hate": asked.hate,
        "Sexual": asked.sexual,
        "Violence": asked.violence,
        "Selfharm": asked.self_harm,
    }
    for name, severities in categories.items():
        for source, severity in (("Prompt", severities.prompt), ("Completion", severities.completion)):
            on = severity != "off"
            threshold = severity.capitalize() if on else "High"
            yield make(name=name, source=source, enabled=on, blocking=on, severity_threshold=threshold)
    for name, source, choice in (
        ("Jailbreak", "Prompt", asked.jailbreak),
        ("Indirect Attack", "Prompt", asked.indirect_attack),
        ("Protected Material Text", "Completion", asked.protected_text),
        ("Protected Material Code", "Completion", asked.protected_code),
    ):
        yield make(name=name, source=source, enabled=choice != "off", blocking=choice == "block")
