"""Stub token servers of the shapes that Microsoft and Google document; strict about what they are asked."""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

NOW = 1_790_000_000.0
AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k"


@dataclass
class TokenServer:
    """All of them on one port of loopback. `broken` answers instead; tokens are numbered."""

    tls: ssl.SSLContext | None = None
    lifetime: int = 3599
    broken: tuple[int, str] | None = None
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = (
            f"{'https' if self.tls else 'http'}://{'localhost' if self.tls else '127.0.0.1'}:{self.port}"
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        self.asked.append(f"{method} {path.partition('?')[0]}")
        if self.broken:
            return self.broken
        parts = urlsplit(path)
        number = len(self.asked)
        if method == "GET":
            return self._metadata(number, parts.path, parse_qs(parts.query), headers)
        if parts.path.endswith(":generateAccessToken"):
            return self._impersonated(number, parts.path, headers, json.loads(body))
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        if headers.get("content-type") != "application/x-www-form-urlencoded":
            return 400, {"error": "invalid_request"}
        return (
            self._exchange(number, form)
            if parts.path == "/v1/token"
            else self._entra(number, parts.path, form)
        )

    def _entra(self, number: int, path: str, form: dict[str, str]) -> tuple[int, Any]:
        wanted = {
            "grant_type": "client_credentials",
            "client_id": "app-1",
            "scope": "https://cognitiveservices.azure.com/.default",
        }
        federated = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": "header.federated.sign",
        }
        proofs = ({"client_secret": "s3cret+/="}, federated)
        if path != "/tenant-1/oauth2/v2.0/token" or form not in [{**wanted, **proof} for proof in proofs]:
            self.wrong.append(f"{path} {form}")
            said = "AADSTS7000215: Invalid client secret provided: s3cret+/="
            return 401, {"error": "invalid_client", "error_description": said, "error_codes": [7000215]}
        kind = "federated" if "client_assertion" in form else "secret"
        token = f"entra-{kind}-{number}"
        return 200, {"token_type": "Bearer", "expires_in": self.lifetime, "ext_expires_in": self.lifetime, "access_token": token}  # fmt: skip

    def _exchange(self, number: int, form: dict[str, str]) -> tuple[int, Any]:
        wanted = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": AUDIENCE,
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "subject_token": "header.federated.sign",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        }
        if form != wanted:
            self.wrong.append(str(form))
            return 400, {"error": "invalid_grant", "error_description": "The audience is wrong."}
        issued = "urn:ietf:params:oauth:token-type:access_token"
        return 200, {"access_token": f"sts-{number}", "issued_token_type": issued, "token_type": "Bearer", "expires_in": self.lifetime}  # fmt: skip

    def _impersonated(self, number: int, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        wanted = {"scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "3600s"}
        right = path == "/v1/projects/-/serviceAccounts/gw@p.iam.gserviceaccount.com:generateAccessToken"
        if not (right and body == wanted and headers.get("authorization") == f"Bearer sts-{number - 1}"):
            self.wrong.append(f"{path} {body}")
            return 403, {
                "error": {"code": 403, "message": "Permission denied.", "status": "PERMISSION_DENIED"}
            }
        ends = datetime.fromtimestamp(NOW + self.lifetime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 200, {"accessToken": f"account-{number}", "expireTime": ends}

    def _metadata(
        self, number: int, path: str, query: dict[str, list[str]], headers: dict[str, str]
    ) -> tuple[int, Any]:
        right = path == "/computeMetadata/v1/instance/service-accounts/default/token"
        scopes = query == {"scopes": ["https://www.googleapis.com/auth/cloud-platform"]}
        if not (right and scopes and headers.get("metadata-flavor") == "Google"):
            self.wrong.append(path)
            return 403, "Missing Metadata-Flavor:Google header."
        return 200, {"access_token": f"machine-{number}", "expires_in": self.lifetime, "token_type": "Bearer"}


def _handler(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond("GET")

        def do_POST(self) -> None:
            self._respond("POST")

        def _respond(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, said = server.answer(method, self.path, headers, body)
            raw = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any, **__: Any) -> None:
            """Quiet."""

    return Handler
