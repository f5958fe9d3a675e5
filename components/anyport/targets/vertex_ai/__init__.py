"""Vertex AI: a managed model, or a self-deployed Model Garden endpoint."""
