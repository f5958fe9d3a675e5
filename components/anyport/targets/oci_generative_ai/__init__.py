"""OCI Generative AI: on-demand, or a dedicated cluster with its endpoint."""
