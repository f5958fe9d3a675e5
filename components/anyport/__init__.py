"""Anyport: one spec, the same inference endpoint on several clouds.

Import what you need from the module that owns it (`anyport.spec`, `anyport.plan`, …). This file
stays empty of imports on purpose: `anyport --help` must not pay for the Pulumi SDK.
"""

__version__ = "0.1.0"
