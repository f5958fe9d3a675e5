"""The three ways to a Pulumi engine: the installed one, the official archive, a build from Go modules.

Each raises `SourceError` with one sentence on why it doesn't work here and what to do, or lets an OSError
(disk full, no permission) through for the caller to word.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import platform
import re
import shutil
import signal
import subprocess
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from engine_store import WANTED, say

VERSION = "3.259.0"
ARCHIVE_URL = "https://get.pulumi.com/releases/sdk/{name}"
CHECKSUMS_URL = (
    f"https://github.com/pulumi/pulumi/releases/download/v{VERSION}/pulumi-{VERSION}-checksums.txt"
)
HERE = Path(__file__).resolve().parent
HOST_FILES = ("pulumi-language-python", "language_host.py")
SCRIPTS = {"pulumi-language-python-exec": "cmd", "pulumi-resource-pulumi-python": "dist"}
"""Scripts beside the program, and their folders below `python/` of Pulumi's Go module: the executor of programs,
and the provider behind resources that are written in Python."""
MODULE_FILES = ("go.mod", "go.sum", "tools.go")
# Seconds without an answer; the small file comes first so that a closed network fails fast.
CHECKSUMS_TIMEOUT = 5.0
ARCHIVE_TIMEOUT = 30.0
PROGRESS_EVERY = 30.0

Fetch = Callable[[str, Path, float], None]


class SourceError(Exception):
    """Why one way to an engine doesn't work here, in words for the user."""


def version_tuple(text: str) -> tuple[int, ...]:
    """The numbers of the first `a.b.c` in a text, for comparing; empty when there is none.

    A pre-release or build suffix is ignored: 3.259.0-alpha counts as 3.259.0.
    """
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


# -- the installed engine ---------------------------------------------------------------------------------


def installed_version(program: str) -> str:
    """What `pulumi version` says, without the leading v."""
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        ran = subprocess.run(
            [program, "version"], env=env, capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SourceError(
            f"{program} does not answer `pulumi version` ({error}); reinstall Pulumi."
        ) from error
    return ran.stdout.strip().removeprefix("v")


def from_path(checkout: Path, search: str) -> tuple[str, dict[str, Path]]:
    """The Pulumi on a search path: its version and its files, when new enough and complete.

    Args:
        checkout: Its own `.engine/bin` is left out of the search, or an engine could vouch for itself.
        search: A PATH value.
    """
    own = (checkout / ".engine" / "bin").absolute()
    kept = [folder for folder in search.split(os.pathsep) if folder and Path(folder).absolute() != own]
    search = os.pathsep.join(kept)
    program = shutil.which("pulumi", path=search)
    if program is None:
        raise SourceError(f"`pulumi` is not on PATH; install Pulumi {VERSION} or newer and run this again.")
    version = installed_version(program)
    numbers = version_tuple(version)
    if numbers < version_tuple(VERSION) or numbers[0] != version_tuple(VERSION)[0]:
        raise SourceError(
            f"{program} is Pulumi {version or 'unknown'}, but {VERSION} or a newer 3.x is needed; upgrade it."
        )
    beside = os.pathsep.join([str(Path(program).parent), str(Path(program).resolve().parent), search])
    files = {"pulumi": Path(program).absolute()}
    for name in WANTED[1:]:
        if found := shutil.which(name, path=beside):
            files[name] = Path(found).absolute()
    if "pulumi-language-python" not in files:
        raise SourceError(
            f"{program} has no `pulumi-language-python` beside it or on PATH; install the full distribution."
        )
    return version, files


def path_key(program: Path) -> str:
    """Identifies an installed program by place, size and time, so a later upgrade is noticed."""
    facts = program.resolve().stat()
    return f"{program}:{facts.st_size}:{facts.st_mtime_ns}"


# -- the official archive ---------------------------------------------------------------------------------


def archive_name() -> str:
    """The release archive for this machine."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system())
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower()
    )
    if system is None or machine is None:
        raise SourceError(f"no release archive for {platform.system()} on {platform.machine()}.")
    return f"pulumi-v{VERSION}-{system}-{machine}.tar.gz"


def fetch(url: str, target: Path, timeout: float) -> None:
    """Download a URL to a file; proxies come from the environment.

    Raises:
        SourceError: It can't be reached or breaks off. `timeout` is in seconds without an answer.
    """
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer, target.open("wb") as file:
            while data := answer.read(1 << 20):
                file.write(data)
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise SourceError(
            f"{url} cannot be downloaded ({reason}); allow the host or set HTTPS_PROXY."
        ) from error


def expected_checksum(listing: str, name: str) -> str:
    """The SHA-256 a published checksums file gives for an archive."""
    for line in listing.splitlines():
        digest, _, file = line.strip().partition(" ")
        if file.strip(" *") == name and re.fullmatch(r"[0-9a-fA-F]{64}", digest):
            return digest.lower()
    raise SourceError(f"the published checksums do not list {name}, so the archive cannot be trusted.")


def make_from_archive(folder: Path, get: Fetch = fetch) -> None:
    """Download, verify and unpack the release archive into a folder."""
    name = archive_name()
    archive, listing = folder.parent / name, folder.parent / "checksums.txt"
    say(f"downloading pulumi {VERSION} ...")
    get(CHECKSUMS_URL, listing, CHECKSUMS_TIMEOUT)
    expected = expected_checksum(listing.read_text(encoding="utf-8", errors="replace"), name)
    get(ARCHIVE_URL.format(name=name), archive, ARCHIVE_TIMEOUT)
    with archive.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise SourceError(
            f"{name} has SHA-256 {actual[:12]}… where {expected[:12]}… is published; it was not used. "
            "Look for a proxy that alters downloads."
        )
    unpack(archive, folder)
    archive.unlink()
    listing.unlink()


def unpack(archive: Path, folder: Path) -> None:
    """Take the wanted programs out of a release archive, refusing it whole if any name leads outside."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            for member in members:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
                    raise SourceError(
                        f"the archive holds an unsafe entry ({member.name!r}); it was not used."
                    )
            for member in members:
                content = tar.extractfile(member) if PurePosixPath(member.name).name in WANTED else None
                if content is not None:
                    target = folder / PurePosixPath(member.name).name
                    with content, target.open("wb") as file:
                        shutil.copyfileobj(content, file)
                    target.chmod(0o755)
    except (tarfile.TarError, EOFError) as error:
        raise SourceError(f"the archive cannot be unpacked ({error}); try again.") from error


# -- the build from Go modules ----------------------------------------------------------------------------


def digest_of(*names: str) -> str:
    """A short hash over files beside this one and the kind of machine."""
    total = hashlib.sha256(f"{platform.system()}-{platform.machine()}".encode())
    for name in names:
        total.update((HERE / name).read_bytes())
    return total.hexdigest()[:10]


def build_key() -> str:
    """Names the cache entry of a build: first what the program is made of, then our language host."""
    return f"{VERSION}-build-{digest_of(*MODULE_FILES)}-{digest_of(*HOST_FILES)}-{len(SCRIPTS)}"


def go(arguments: list[str], doing: str) -> str:
    """Run the Go command in this module, saying every half minute that it is still at it.

    Raises:
        SourceError: It fails; carries the last line it wrote, which names the cause.
    """
    env = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    command = ["go", *arguments]
    with subprocess.Popen(command, cwd=HERE, env=env, stdout=-1, stderr=-1, text=True) as process:
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
        last = ([line.strip() for line in err.splitlines() if line.strip()] or ["no message"])[-1]
        raise SourceError(f"`go {arguments[0]}` failed: {last[:300]}")
    return out


def check_go() -> None:
    """Make sure there is a Go new enough for the module (Go itself may fetch a newer toolchain)."""
    if shutil.which("go") is None:
        raise SourceError("`go` is not on PATH; install Go from https://go.dev/dl/ and run this again.")
    needed = re.search(r"^go (\S+)$", (HERE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    have = go(["env", "GOVERSION"], "asking Go for its version").strip()
    if needed and version_tuple(have) < version_tuple(needed[1]):
        raise SourceError(f"{have or 'this Go'} is too old, {needed[1]} or newer is needed; upgrade Go.")


def copy_scripts(earlier: list[Path], folder: Path) -> None:
    """The scripts of Pulumi's own module, from an earlier build or from the module itself."""
    found = {name: next((e / name for e in earlier if (e / name).is_file()), None) for name in SCRIPTS}
    if not all(found.values()):
        check_go()
        module = go(
            ["list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"], "looking for the scripts"
        )
        for name, place in SCRIPTS.items():
            found[name] = found[name] or Path(module.strip()) / "python" / place / name
    for name, path in found.items():
        shutil.copyfile(str(path), folder / name)


def make_from_modules(folder: Path) -> None:
    """Build the program from Go modules and put our language host beside it.

    A build of the same modules made for an older language host is taken over instead of built again.
    """
    root = folder.parent.parent
    earlier = sorted(root.glob(f"{VERSION}-build-{digest_of(*MODULE_FILES)}-*/bin/pulumi"))
    if earlier:
        shutil.copy2(earlier[0], folder / "pulumi")
    else:
        check_go()
        say(f"building pulumi {VERSION} from Go modules (about 5 minutes, once) ...")
        stamp = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
        flags = ["-trimpath", "-tags", "osusergo,grpcnotrace", "-ldflags", f"-s -w {stamp}"]
        program = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
        go(["build", *flags, "-o", f"{folder}{os.sep}", program], "still building")
    copy_scripts([path.parent for path in earlier], folder)
    for name in HOST_FILES:
        shutil.copyfile(HERE / name, folder / name)
    for name in ("pulumi", *SCRIPTS, *HOST_FILES):
        (folder / name).chmod(0o755)
