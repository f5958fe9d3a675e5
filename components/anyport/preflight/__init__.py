"""What stands in the way of `pulumi up` in the clouds themselves: models, SKUs and quota, as their listings say now.

    model.py      rows, needs, requests to file
    azure.py  google.py  oci.py  coreweave.py    what each cloud's listings say of a target
    quota.py      needs of all targets that take from one quota, beside what is left of it
    failover.py   whether the fallbacks hold the primary's traffic
    run.py        all targets of all stacks

What is not told is a warning and never a pass. Quota is no promise of machines: transient capacity cannot be asked
for anywhere.
"""
