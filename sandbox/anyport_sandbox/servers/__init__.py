"""Simulated model servers: one TLS address per cloud host, speaking each cloud's OpenAI dialect.

`routes` says what is served, `control` starts and stops the servers, `serve` is the process itself.
"""
