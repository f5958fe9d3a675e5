"""Stand-ins for the control planes of Azure, Google Cloud, Oracle Cloud and Kubernetes.

Each is a Pulumi provider plugin that speaks the engine's own protocol, checks what it gets against the
installed SDK's own types and behaves as the real cloud is documented to (facts collected 2026-11-22).
Nothing here talks to a cloud, serves a model or needs a credential.
"""
