"""Obtain a Kubernetes control plane into `<checkout>/.engine/kubernetes`: `python3 tools/kubernetes/obtain.py`.

One program, `bin/controlplane`, built from the official Go modules (k8s.io/kubernetes and etcd, see go.mod), and
`crds/`, the custom resource definitions of other projects as their own Go modules carry them. Both lie in the cache
`${ANYPORT_CACHE_DIR:-${XDG_CACHE_HOME:-~/.cache}/anyport}/kubernetes/<key>`, which appears in one rename once it
is complete; `.engine/kubernetes` is a symlink to it. A reader needs only that: no link, or one that leads nowhere,
means there is none.

The definitions of Envoy Gateway and Envoy AI Gateway are an entry of their own beside it (`gateway-crds-<key>`, linked
from `.engine/gateway-crds`), so that their change builds nothing again. A cluster has them only when it asks for them.

Needs Go and Python 3.11, nothing else. With everything in place it returns at once.
Exit codes: 0 obtained, 2 wrong usage, 3 it cannot be had here, 130 interrupted.
It deliberately starts nothing; `anyport_sandbox.kubernetes` does.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

CHECKOUT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
SOURCES = ("go.mod", "go.sum", "main.go", "etcd.go")
PROGRAM = "controlplane"
PROGRESS_EVERY = 30.0
INTERRUPTED = 130

# Module, the checksum the Go checksum database has for it, and the files taken. Other modules' requirements would
# change what the program is built from, so these are not in go.mod.
CRDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sigs.k8s.io/lws@v0.7.0": (
        "h1:qWfzX8+UBak+Hq0+m/PuE3uO0mp/3dmm5q/h/7z31A8=",
        ("config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml",),
    ),
    "sigs.k8s.io/gateway-api@v1.4.0": (
        "h1:ZwlNM6zOHq0h3WUX2gfByPs2yAEsy/EenYJB78jpQfQ=",
        tuple(
            f"config/crd/standard/gateway.networking.k8s.io_{kind}.yaml"
            for kind in ("gatewayclasses", "gateways", "httproutes")
        ),
    ),
    "github.com/kedacore/keda/v2@v2.18.0": (
        "h1:ttR223fii/4QJ0YvtrhcWHaEoezByb/t5CeFopjl6EI=",
        (
            "config/crd/bases/keda.sh_scaledobjects.yaml",
            "config/crd/bases/keda.sh_triggerauthentications.yaml",
        ),
    ),
    "github.com/cert-manager/cert-manager@v1.19.0": (
        "h1:pPKtK06zPriliwq7B12xa7DGKbc4SvnfOjE0BXaAspk=",
        tuple(
            f"deploy/crds/cert-manager.io_{kind}.yaml"
            for kind in ("certificates", "clusterissuers", "issuers")
        ),
    ),
}

# What AI Gateway 1.1 is built on, and its own 1.0.0: the newest that the module proxy served on 2026-11-25.
GATEWAY_CRDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "github.com/envoyproxy/gateway@v1.8.1": (
        "h1:i8POtrPtel3n0iGP55MNy6U1rTW4msyhkEWjXAF09ts=",
        tuple(
            f"charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_{kind}.yaml"
            for kind in ("backends", "backendtrafficpolicies", "clienttrafficpolicies")
        ),
    ),
    "sigs.k8s.io/gateway-api@v1.5.1": (
        "h1:RqVRIlkhLhUO8wOHKTLnTJA6o/1un4po4/6M1nRzdd0=",
        tuple(
            f"config/crd/standard/gateway.networking.k8s.io_{kind}.yaml"
            for kind in ("backendtlspolicies", "gateways")
        ),
    ),
    "github.com/envoyproxy/ai-gateway@v1.0.0": (
        "h1:cTdSnQmtQQ2Ea5T/LLK50pIthG2SJAOxU9XPXZbtDkU=",
        tuple(
            f"manifests/charts/ai-gateway-crds-helm/templates/aigateway.envoyproxy.io_{kind}.yaml"
            for kind in ("aigatewayroutes", "aiservicebackends", "backendsecuritypolicies")
        ),
    ),
}
GATEWAY_LINK = "gateway-crds"


class ObtainError(Exception):
    """Why the control plane cannot be had here, in one sentence with a way out."""


def say(message: str) -> None:
    """One progress line on stderr."""
    sys.stderr.write(f"anyport kubernetes: {message}\n")
    sys.stderr.flush()


def cache_root(environ: dict[str, str]) -> Path:
    """The folder all control planes are cached under, shared by every checkout of this user."""
    if named := environ.get("ANYPORT_CACHE_DIR"):
        return Path(named).expanduser().absolute() / "kubernetes"
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "anyport" / "kubernetes"


def kubernetes_version() -> str:
    """The version in go.mod, with its v: the one place where it stands."""
    text = HERE.joinpath("go.mod").read_text(encoding="utf-8")
    found = re.search(r"^\s*(?:require )?k8s\.io/kubernetes (v\S+)", text, re.MULTILINE)
    if found is None:
        raise ObtainError("tools/kubernetes/go.mod does not require k8s.io/kubernetes; restore the file.")
    return found[1]


def cache_key() -> str:
    """Names the cache entry by what it is made from and the kind of machine."""
    total = hashlib.sha256(
        f"{platform.system()}-{platform.machine()}{json.dumps(CRDS, sort_keys=True)}".encode()
    )
    for name in SOURCES:
        total.update(HERE.joinpath(name).read_bytes())
    return f"{kubernetes_version().removeprefix('v')}-{total.hexdigest()[:12]}"


def gateway_key() -> str:
    """Names the cache entry of the gateways' definitions."""
    return (
        f"{GATEWAY_LINK}-{hashlib.sha256(json.dumps(GATEWAY_CRDS, sort_keys=True).encode()).hexdigest()[:12]}"
    )


def crd_names(crds: dict[str, tuple[str, tuple[str, ...]]] = CRDS) -> list[str]:
    """File names of these definitions, by default of all in `crds/`."""
    return sorted(Path(file).name for _, files in crds.values() for file in files)


def complete(entry: Path) -> bool:
    """Whether a cache entry, or a link to one, has everything."""
    program = entry / "bin" / PROGRAM
    return os.access(program, os.X_OK) and all((entry / "crds" / name).is_file() for name in crd_names())


def gateway_complete(entry: Path) -> bool:
    """The same for an entry of the gateways' definitions."""
    return all((entry / name).is_file() for name in crd_names(GATEWAY_CRDS))


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the cache alone, and clear what a killed run left half-made."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is obtaining the control plane; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        for stale in root.glob(".making-*"):
            shutil.rmtree(stale, ignore_errors=True)
        yield


def go(arguments: list[str], doing: str, folder: Path = HERE) -> str:
    """Run the Go command, saying every half minute that it is still at it.

    Raises:
        ObtainError: It fails; carries the line that names the cause.
    """
    env = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-buildvcs=false"}
    with subprocess.Popen(
        ["go", *arguments], cwd=folder, env=env, stdout=-1, stderr=-1, text=True
    ) as process:
        waited = 0.0
        try:
            while True:
                try:
                    out, err = process.communicate(timeout=PROGRESS_EVERY)
                    break
                except subprocess.TimeoutExpired:
                    waited += PROGRESS_EVERY
                    say(f"{doing}, {waited:.0f} s so far ...")
        except BaseException:
            # Go clears its work folder on an interrupt, not on a kill.
            process.send_signal(signal.SIGINT)
            raise
    if process.returncode:
        raise ObtainError(f"`go {' '.join(arguments[:2])}` failed: {_cause(err, out)}")
    return out


def _cause(err: str, out: str) -> str:
    """What Go says went wrong: the `Error` of a JSON answer, else the last line."""
    with contextlib.suppress(ValueError, AttributeError):
        if found := json.loads(out).get("Error"):
            return str(found)[:300]
    return ([line.strip() for line in err.splitlines() if line.strip()] or ["no message"])[-1][:300]


def make_program(folder: Path) -> None:
    """Build the program. The version stamp is needed: clients parse what the server reports."""
    version = kubernetes_version()
    major, minor = version.removeprefix("v").split(".")[:2]
    package = "k8s.io/component-base/version"
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    flags = " ".join(["-s -w", *(f"-X {package}.{name}={value}" for name, value in stamps.items())])
    say(f"building Kubernetes {version} from Go modules (about 5 minutes, once) ...")
    go(["build", "-trimpath", "-ldflags", flags, "-o", str(folder / PROGRAM), "."], "still building")


def take_crds(folder: Path, crds: dict[str, tuple[str, tuple[str, ...]]] = CRDS) -> None:
    """Copy the definitions out of their modules, after comparing each module with its pinned checksum."""
    with tempfile.TemporaryDirectory() as outside:
        for module, (pinned, files) in crds.items():
            answer = json.loads(go(["mod", "download", "-json", module], f"fetching {module}", Path(outside)))
            if answer["Sum"] != pinned:
                raise ObtainError(
                    f"{module} has checksum {answer['Sum']} where {pinned} is expected; it was not used. "
                    "Look for a proxy that alters downloads."
                )
            for file in files:
                shutil.copyfile(Path(answer["Dir"]) / file, folder / Path(file).name)


def need_go() -> None:
    """Say so where Go is missing."""
    if shutil.which("go") is None:
        raise ObtainError("`go` is not on PATH; install Go from https://go.dev/dl/ and run this again.")


def make_gateway_crds(root: Path, key: str) -> Path:
    """The cache entry of the gateways' definitions, made first if it isn't there; the caller holds the lock."""
    entry = root / key
    if gateway_complete(entry):
        return entry
    need_go()
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=root))
    try:
        take_crds(making, GATEWAY_CRDS)
        shutil.rmtree(entry, ignore_errors=True)
        making.chmod(0o755)
        making.rename(entry)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return entry


def make(root: Path, key: str) -> Path:
    """The cache entry, made first if it isn't there; the caller holds the lock."""
    entry = root / key
    if complete(entry):
        return entry
    need_go()
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=root))
    try:
        for name in ("bin", "crds"):
            (making / name).mkdir()
        take_crds(making / "crds")
        make_program(making / "bin")
        if not complete(making):
            raise ObtainError("the build left something out; run this again.")
        shutil.rmtree(entry, ignore_errors=True)
        making.chmod(0o755)
        making.rename(entry)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return entry


def link(checkout: Path, entry: Path, name: str = "kubernetes") -> None:
    """Point `.engine/kubernetes`, or its neighbour of that name, to a cache entry in one step."""
    folder = checkout / ".engine"
    folder.mkdir(exist_ok=True)
    temporary = folder / f".{name}.{os.getpid()}.new"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(entry)
    temporary.replace(folder / name)


def obtain(checkout: Path, environ: dict[str, str]) -> Path:
    """Make sure the checkout has a control plane; returns where it really lies.

    Raises:
        ObtainError: It cannot be had; nothing half-made is left behind.
    """
    place, beside = checkout / ".engine" / "kubernetes", checkout / ".engine" / GATEWAY_LINK
    try:
        key, gateway = cache_key(), gateway_key()
        have_program = complete(place) and place.resolve().name == key
        if have_program and gateway_complete(beside) and beside.resolve().name == gateway:
            return place.resolve()
        root = cache_root(environ)
        with locked(root):
            entry = make(root, key)
            link(checkout, entry)
            link(checkout, make_gateway_crds(root, gateway), GATEWAY_LINK)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise ObtainError(
            f"{error.strerror or error}{where}; make room or give access there, "
            "or set ANYPORT_CACHE_DIR to another folder."
        ) from error
    return entry


def interrupted(_number: int, _frame: FrameType | None) -> None:
    """Treat a request to end like Ctrl-C, so that clean-up runs."""
    raise KeyboardInterrupt


def main(arguments: list[str], checkout: Path = CHECKOUT) -> int:
    """The command line; returns the exit code."""
    if arguments:
        say("usage: python3 tools/kubernetes/obtain.py")
        return 2
    signal.signal(signal.SIGTERM, interrupted)
    try:
        entry = obtain(checkout, dict(os.environ))
    except ObtainError as error:
        say(str(error))
        return 3
    except KeyboardInterrupt:
        say("interrupted; nothing half-made was left behind.")
        return INTERRUPTED
    say(f"Kubernetes {kubernetes_version()} is ready in {checkout / '.engine' / 'kubernetes'} ({entry})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
