"""CoreWeave Kubernetes: vLLM containers behind an Ingress on /v1."""
