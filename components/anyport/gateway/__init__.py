"""One route table from an endpoint's contract, and its renderings for several gateways."""
