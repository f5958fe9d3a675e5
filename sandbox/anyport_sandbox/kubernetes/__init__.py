"""A real Kubernetes control plane with simulated machines, for tests and the sandbox.

    from anyport_sandbox.kubernetes import cluster, nodes
    with cluster.start(folder, nodes=[nodes.coreweave("gd-8xh100ib-i128", "US-EAST-04A", count=2)]) as running:
        running.api.apply(manifest)
        running.kubeconfig_path, running.api_url, running.token, running.ca_path

Real: etcd, API server, controllers, scheduler (tools/kubernetes builds them). Simulated: everything on a machine
(kubelet, images, probes, volumes), load balancers and ingress addresses. docs/kubernetes.md has the whole list.
"""
