"""`docs/capabilities.md`, generated from what every provider says about itself."""

from __future__ import annotations

from .options import FEATURES
from .registry import provider_names, traits

__all__ = ["capabilities_markdown"]


def capabilities_markdown() -> str:
    """The page that compares providers: feature by provider, each cell yes and how, or no and why."""
    providers = provider_names()
    lines = [
        "# What each provider can do",
        "",
        "A no gives the cloud's own reason; an option that a provider lacks is refused by `anyport check` with the",
        "same words. (Generated; `make docs` renews this page.)",
        "",
        "| | " + " | ".join(f"`{name}`" for name in providers) + " |",
        "|---|" + "---|" * len(providers),
    ]
    for feature, title in FEATURES.items():
        cells = [_cell(name, feature) for name in providers]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(provider: str, feature: str) -> str:
    capability = traits(provider).capabilities[feature]
    word = "yes" if capability.supported else "**no**"
    return f"{word}: {capability.reason}" if capability.reason else word
