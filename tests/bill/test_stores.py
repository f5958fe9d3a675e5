"""Exports out of object stores: the same bill as from a folder, and nothing else of a store's moods than a sentence."""

from __future__ import annotations

import json
import os
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from store_helpers import Azure, Held, ListV2, Oracle, store

from anyport.bill import copying, stores
from conftest import Bill

SECRET = "c2VjcmV0LXRoYXQtbm8tb25lLW1heS1zZWU="
URLS = {
    "s3": "s3://bills/focus", "az": "az://bills/focus", "gs": "gs://bills/focus", "oci": "oci://bills@bling/focus",
}  # fmt: skip
"""`s3` is moto's server."""
STANDINS = {"az": Azure, "gs": ListV2, "oci": Oracle, "aws": ListV2}
Put = Callable[[dict[str, bytes]], None]


@dataclass
class Stored:
    """A store of one kind: the address that names it, and what it holds where it is one of ours."""

    url: str
    held: Held
    put: Put


@pytest.fixture(scope="session")
def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return made.private_bytes(serialization.Encoding.PEM, *form).decode()


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No credential or proxy of the machine, and a home of the test's own."""
    for name in os.environ:
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "OCI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(stores, "_RETRIES", 0)
    return monkeypatch


def amazon(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "who", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@contextmanager
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Put]:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        amazon(f"http://{host}:{port}", monkeypatch)
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
        urllib.request.urlopen(
            urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
        ).close()
        client.create_bucket(Bucket="bills")

        def put(objects: dict[str, bytes]) -> None:
            for name, body in objects.items():
                client.put_object(Bucket="bills", Key=name, Body=body)

        yield put
    finally:
        server.stop()


def set_up(kind: str, address: str, key: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials where each library looks for them."""
    home.mkdir(exist_ok=True)
    if kind == "aws":
        amazon(address, monkeypatch)
    elif kind == "az":
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acct")
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", SECRET)
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"{address}/acct")
        monkeypatch.setenv("AZURE_ALLOW_HTTP", "true")
    elif kind == "gs":
        account = {
            "type": "service_account",
            "private_key": key,
            "private_key_id": "1",
            "client_email": "a@example.com",
        }
        (home / "account.json").write_text(
            json.dumps({**account, "gcs_base_url": address, "token_uri": address})
        )
        monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(home / "account.json"))
        monkeypatch.setenv("GOOGLE_ALLOW_HTTP", "true")
    elif kind == "oci":
        (home / ".oci").mkdir()
        (home / ".oci" / "key.pem").write_text(key)
        rows = {
            "user": "ocid1.user.oc1..aaaa", "tenancy": "ocid1.tenancy.oc1..aaaa", "region": "us-chicago-1",
            "fingerprint": ":".join(["20"] * 16), "key_file": str(home / ".oci" / "key.pem"),
        }  # fmt: skip
        (home / ".oci" / "config").write_text(
            "\n".join(["[DEFAULT]", *(f"{k}={v}" for k, v in rows.items())])
        )
        monkeypatch.setenv("OCI_CLI_ENDPOINT", address)


@pytest.fixture
def stored(
    request: pytest.FixtureRequest, clean: pytest.MonkeyPatch, key: str, place: Path
) -> Iterator[Stored]:
    """Of the kind that the test is parametrized with."""
    kind: str = request.param
    held = Held()
    with ExitStack() as stack:
        if kind == "s3":
            yield Stored(URLS[kind], held, stack.enter_context(s3(clean)))
        else:
            address = stack.enter_context(store(STANDINS[kind](), held))
            set_up(kind, address, key, place / "home", clean)
            yield Stored(URLS.get(kind, URLS["s3"]), held, held.objects.update)


every = pytest.mark.parametrize("stored", URLS, indirect=True)
standins = pytest.mark.parametrize("stored", STANDINS, indirect=True)


def objects(folder: Path, prefix: str = "focus/2026-10/") -> dict[str, bytes]:
    return {f"{prefix}{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}


@every
def test_a_store_gives_the_bill_of_a_folder(stored: Stored, exports: Path, bill: Bill) -> None:
    stored.put(
        {**objects(exports), "focus/readme.txt": b"no export", "focuses/other.csv": b"not below focus"}
    )
    folder = bill("exports", "--format", "json")
    ran = bill(stored.url, "--format", "json")
    assert ran.code == folder.code == 1
    assert (
        ran.out.replace(f"{stored.url}/2026-10/", "exports/")
        .replace(f'"{stored.url}: not read, being no export by name: readme.txt",', "")
        .split()
        == folder.out.split()
    )
    assert "anyport-bill-" not in ran.out, "no place of this machine is shown"
    assert all(signed for _, _, signed in stored.held.asked)


@every
def test_one_object_and_a_folder_go_together(stored: Stored, exports: Path, bill: Bill) -> None:
    name = "azure-1.0.csv"
    stored.put({f"focus/{name}": (exports / name).read_bytes(), f"focus/{name}.bak": b"x"})
    moved = exports / name
    moved.unlink()
    ran = bill(f"{stored.url}/{name}", "exports", "--format", "json")
    assert ran.code == 1
    assert f"{stored.url}/{name}" in [file["path"] for file in ran.body["files"]]
    assert len(ran.body["files"]) == len(list(exports.iterdir())) + 1


@every
def test_what_is_not_there_is_said(stored: Stored, bill: Bill) -> None:
    stored.put({"focus/readme.txt": b"x"})
    ran = bill(
        stored.url, f"{stored.url}/none.csv", stored.url.replace("bills", "nobody"), "--format", "json"
    )
    assert ran.code == 2
    assert [(p["code"], p["message"]) for p in ran.body["problems"]] == [
        ("AP561", "the store holds no export there"),
        ("AP561", "there is no such object"),
        ("AP572", "there is no such bucket, or it is not shown to these credentials"),
    ]


@standins
def test_a_manifest_is_minded_and_shown_by_its_address(stored: Stored, exports: Path, bill: Bill) -> None:
    body = (exports / "azure-1.0.csv").read_bytes()
    manifest = {
        "exportConfig": {"resourceId": "r", "exportName": "focus"}, "runInfo": {"startDate": "2026-10-01", "submittedTime": "2"},
        "blobs": [{"blobName": "x/part-1.csv", "byteCount": len(body) + 1}, {"blobName": "x/part-2.csv"}],
    }  # fmt: skip
    stored.put({"focus/run/part-1.csv": body, "focus/run/manifest.json": json.dumps(manifest).encode()})
    ran = bill(stored.url, "--format", "json")
    assert [(p["code"], p["file"]) for p in ran.body["problems"]] == [
        ("AP569", f"{stored.url}/run/manifest.json"),
        ("AP569", f"{stored.url}/run/part-1.csv"),
    ]


@standins
@pytest.mark.parametrize(
    ("status", "said"), [(403, "access is refused"), (401, "access is refused"), (400, "with an error")]
)
def test_a_refusal_is_a_sentence_that_holds_no_secret(
    stored: Stored, exports: Path, bill: Bill, key: str, status: int, said: str
) -> None:
    stored.put(objects(exports))
    stored.held.status = status
    ran = bill(stored.url)
    assert ran.code == 2
    assert said in ran.err
    assert f"status {status}" in ran.err
    assert SECRET not in ran.err + ran.out
    assert key.splitlines()[1] not in ran.err + ran.out


@standins
def test_an_object_that_changes_or_comes_short_is_told_apart(
    stored: Stored, exports: Path, bill: Bill
) -> None:
    stored.put(objects(exports))
    stored.held.change = "focus/2026-10/coreweave-1.2.csv"
    ran = bill(stored.url, "--format", "json")
    assert [(p["code"], p["file"]) for p in ran.body["problems"]] == [
        ("AP573", f"{stored.url}/2026-10/coreweave-1.2.csv")
    ]
    assert "changed" in ran.body["problems"][0]["message"]
    stored.held.change, stored.held.cut = "", 3
    ran = bill(stored.url, "--format", "json")
    assert [p["code"] for p in ran.body["problems"]] == ["AP573"]
    assert "cut" in ran.body["problems"][0]["message"]


@standins
def test_pieces_make_the_whole_and_bound_what_is_held(
    stored: Stored, exports: Path, bill: Bill, clean: pytest.MonkeyPatch
) -> None:
    clean.setattr(copying, "PIECE_BYTES", 1000)
    stored.put(objects(exports))
    assert bill(stored.url, "--format", "json").code == 1
    reads = [path for _, path, _ in stored.held.asked if unquote(path).endswith("/azure-1.0.csv")]
    size = (exports / "azure-1.0.csv").stat().st_size
    assert len(reads) == -(-size // 1000) > 1


@every
def test_nothing_is_left_behind(
    stored: Stored, exports: Path, bill: Bill, clean: pytest.MonkeyPatch, place: Path
) -> None:
    room = place / "room"
    room.mkdir()
    clean.setattr(tempfile, "tempdir", str(room))
    stored.put(objects(exports))
    bill(stored.url)
    assert list(room.iterdir()) == []
    stored.put({"focus/2026-10/bad.csv": b"a,b\n"})
    assert bill(stored.url).code == 2
    assert list(room.iterdir()) == []


@standins
def test_a_copy_that_has_no_room_is_not_begun(
    stored: Stored, exports: Path, bill: Bill, clean: pytest.MonkeyPatch
) -> None:
    stored.put(objects(exports))
    clean.setattr(copying.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    ran = bill(stored.url)
    assert ran.code == 2
    assert "AP570 no room for a copy" in ran.err
    assert not [path for _, path, _ in stored.held.asked if "azure" in path]


@pytest.mark.parametrize("kind", STANDINS)
def test_nobody_there_is_a_sentence(
    kind: str, clean: pytest.MonkeyPatch, key: str, place: Path, bill: Bill
) -> None:
    set_up(kind, "http://127.0.0.1:1", key, place / "home", clean)
    ran = bill(URLS.get(kind, URLS["s3"]))
    assert ran.code == 2
    assert "AP572 it cannot be reached" in ran.err
    assert SECRET not in ran.err


@pytest.mark.parametrize("kind", ["s3", "az", "gs"])
def test_a_machine_without_credentials_says_how_to_get_some(
    kind: str, clean: pytest.MonkeyPatch, place: Path, bill: Bill
) -> None:
    """The libraries ask the machine's metadata last; here they ask a port where nobody is."""
    for name in ("AWS_METADATA_ENDPOINT", "IDENTITY_ENDPOINT"):
        clean.setenv(name, "http://127.0.0.1:1")
    for name in ("GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT"):
        clean.setenv(name, "127.0.0.1:1")
    clean.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acct")
    ran = bill(URLS[kind])
    assert ran.code == 2
    assert "AP572 no credentials were found" in ran.err
    assert {"s3": "AWS_SECRET_ACCESS_KEY", "az": "az login", "gs": "gcloud auth"}[kind] in ran.err


def test_oracle_without_a_profile_says_how_to_get_one(
    clean: pytest.MonkeyPatch, place: Path, bill: Bill
) -> None:
    ran = bill(URLS["oci"])
    assert ran.code == 2
    assert "AP572 no credentials were found" in ran.err
    assert "oci setup config" in ran.err
