"""llama.cpp's own server with a real, tiny model, as a process of its own: `python llama_server.py MODEL_FILE`.

Prints its address. Nobody of this project wrote any of what it answers.
"""

from __future__ import annotations

import sys
import threading


def main() -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.n_ctx = 1024
    params.n_parallel = 1
    params.cpuparams.n_threads = 1  # more would spin against each other on a busy machine
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.use_jinja = True
    params.sampling.temp = 0.0  # the same answers in every run
    params.api_keys = ["the-key-of-llama"]
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
