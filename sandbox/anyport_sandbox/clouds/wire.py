"""Property values as the engine sends them: Structs in, Structs out, secrets kept sealed on the way.

A *wire* value is ordinary JSON data in which a secret is a dict with a signature, and a value not known
yet (in a preview) is one fixed text. `plain` gives the view a simulated cloud reads; what goes back to the
engine is always built from the wire form, so a secret that came in goes out as a secret.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.struct_pb2 import Struct

__all__ = ["SIGNATURE", "UNKNOWN", "merge", "plain", "preview", "seal", "sealed", "struct", "wire"]

SIGNATURE = "4dabf18193072939515e22adb298388d"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a marker, not a secret
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def wire(message: Any) -> dict[str, Any]:
    """A Struct as JSON data; whole numbers become int, since a Struct knows only floats."""
    return {key: _value(value) for key, value in message.fields.items()}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return wire(value.struct_value)
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return None if kind in (None, "null_value") else getattr(value, kind)


def struct(data: dict[str, Any]) -> Any:
    """JSON data as a Struct, signatures untouched."""
    message = Struct()
    message.update(data)
    return message


def sealed(value: Any) -> bool:
    """Whether a value is a secret, or an output value marked as one."""
    if not isinstance(value, dict):
        return False
    mark = value.get(SIGNATURE)
    return mark == _SECRET or (mark == _OUTPUT and bool(value.get("secret")))


def seal(value: Any) -> dict[str, Any]:
    """Mark a value as secret."""
    return {SIGNATURE: _SECRET, "value": value}


def plain(value: Any) -> Any:
    """The value without secret wrappers. Never log the result. Assets keep their signature."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    mark = value.get(SIGNATURE)
    if mark in (_SECRET, _OUTPUT):
        return plain(value["value"]) if "value" in value else UNKNOWN
    return {key: plain(item) for key, item in value.items()}


def merge(base: Any, overlay: Any) -> Any:
    """`overlay` on top of `base`: objects key by key, anything else replaced.

    A secret in `base` stays a secret unless the overlay says something else about that very value.
    """
    if sealed(base):
        merged = merge(base.get("value"), overlay)
        return base if merged == base.get("value") else {**base, "value": merged}
    if isinstance(base, dict) and isinstance(overlay, dict) and SIGNATURE not in overlay:
        return {**base, **{key: merge(base[key], v) if key in base else v for key, v in overlay.items()}}
    return overlay


def preview(computed: Any, known: Any) -> Any:
    """`computed` with every value that `known` does not already have made unknown.

    A real cloud decides these values only when it acts, so a preview must not show them.
    """
    if sealed(known):
        known = known.get("value")
    if isinstance(computed, dict) and SIGNATURE not in computed:
        have = known if isinstance(known, dict) else {}
        return {key: preview(value, have.get(key)) for key, value in computed.items()}
    return computed if known is not None and computed == known else UNKNOWN
