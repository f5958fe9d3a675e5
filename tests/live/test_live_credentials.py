"""The clouds' own credentials: looked for lazily, never shown, and a sentence where there are none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from anyport.live.credentials import chain
from anyport.live.failure import LiveError

ALL = ("azure_openai", "vertex_ai", "oci_generative_ai")


@pytest.mark.parametrize(
    ("provider", "module"),
    [("azure_openai", "azure.identity"), ("vertex_ai", "google.auth"), ("oci_generative_ai", "oci")],
)
def test_a_library_that_is_not_there(monkeypatch: pytest.MonkeyPatch, provider: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(LiveError) as caught:
        chain(provider)("https://cloud.example/x", {})
    assert caught.value.problem.code == "AP523"
    assert caught.value.problem.fix == "pip install 'anyport[live]'"


@pytest.mark.parametrize("provider", ["vertex_ai", "oci_generative_ai"])
def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, provider: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    monkeypatch.delenv("OCI_CONFIG_FILE", raising=False)
    with pytest.raises(LiveError) as caught:
        chain(provider)("https://cloud.example/x", {})
    assert caught.value.problem.code == "AP523"
    assert str(tmp_path) not in str(caught.value)


def test_azures_chain_that_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import azure.identity

    class Nothing:
        def get_token(self, scope: str) -> None:
            raise RuntimeError(f"secret details of {scope}")

    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", Nothing)
    with pytest.raises(LiveError) as caught:
        chain("azure_openai")("https://management.azure.com/x", {})
    assert "secret details" not in str(caught.value)
    assert "az login" in str(caught.value)


def test_oracles_signature_covers_the_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Verified with the public key, over the text that Oracle's scheme signs."""
    from base64 import b64decode
    from re import search

    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = tmp_path / "key.pem"
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    config = tmp_path / "config"
    config.write_text(
        "[DEFAULT]\nuser=ocid1.user.oc1..aaaa\nfingerprint=11:22:33:44:55:66:77:88:99:00:aa:bb:cc:dd:ee:ff\n"
        f"tenancy=ocid1.tenancy.oc1..bbbb\nregion=us-chicago-1\nkey_file={pem}\n"
    )
    pem.chmod(0o600)
    config.chmod(0o600)
    import oci

    real = oci.config.from_file
    monkeypatch.setattr(oci.config, "from_file", lambda profile_name: real(str(config), profile_name))
    url = "https://generativeai.us-chicago-1.oci.oraclecloud.com/20231130/models"
    headers = chain("oci_generative_ai")(url, {"compartmentId": "ocid1.x", "page": "a+b/c="})
    found = search(r'signature="([^"]+)"', headers["authorization"])
    assert found
    signed = (
        f"date: {headers['date']}\n(request-target): get /20231130/models?compartmentId=ocid1.x&page=a%2Bb%2Fc%3D\n"
        "host: generativeai.us-chicago-1.oci.oraclecloud.com"
    )
    key.public_key().verify(b64decode(found[1]), signed.encode(), padding.PKCS1v15(), SHA256())


def test_a_cluster_is_asked_with_a_token_only() -> None:
    with pytest.raises(LiveError) as caught:
        chain("coreweave_vllm")("https://cluster.example", {})
    assert "--token-env" in caught.value.problem.fix


def test_nothing_of_it_is_imported_before_it_is_needed() -> None:
    import subprocess

    code = (
        "import sys, anyport_cli.main, anyport_cli.preflight, anyport_cli.catalog_refresh;"
        "bad = {'httpx2', 'azure', 'google.auth', 'oci', 'anyport.live.http', 'pulumi'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(bad)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
