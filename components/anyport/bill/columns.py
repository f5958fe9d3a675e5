"""FOCUS columns: what we read, under which names, what tells the versions apart, and what providers leave out.

Names match without regard to case. Left out on purpose: unit prices, commitment and capacity columns, allocations; no
cost here is computed from a price (but see `prices.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = [
    "ALIASES",
    "NOT_THERE",
    "REQUIRED",
    "TAG_COLUMNS",
    "found_columns",
    "header_provider",
    "missing",
    "version_of",
]

ALIASES: Mapping[str, tuple[str, ...]] = {
    "billed": ("BilledCost",),
    "effective": ("EffectiveCost", "AmortizedCost"),
    "list": ("ListCost",),
    "currency": ("BillingCurrency",),
    "charge_start": ("ChargePeriodStart",),
    "charge_end": ("ChargePeriodEnd",),
    "billing_start": ("BillingPeriodStart",),
    "category": ("ChargeCategory", "ChargeType"),
    "charge_class": ("ChargeClass",),
    "account": ("BillingAccountId",),
    "sub_account": ("SubAccountId",),
    "invoice": ("InvoiceId", "x_InvoiceId"),
    "host": ("HostProviderName",),
    "provider": ("ProviderName", "Provider"),
    "seller": ("ServiceProviderName",),
    "issuer": ("InvoiceIssuerName", "InvoiceIssuer"),
    "service_category": ("ServiceCategory",),
    "service": ("ServiceName",),
    "meter_category": ("x_SkuMeterCategory",),
    "meter": ("SkuMeter", "x_SkuMeterName"),
    "sku": ("SkuId",),
    "description": ("ChargeDescription",),
    "resource": ("ResourceId",),
    "resource_name": ("ResourceName",),
    "region": ("RegionId", "Region"),
    "zone": ("AvailabilityZone",),
    "compartment": ("oci_CompartmentId",),
    "cluster": ("x_ClusterName", "x_ClusterId"),
    "plan": ("x_CapacityPlan",),
    "family": ("x_ProductFamily",),
    "quantity": ("PricingQuantity", "ConsumedQuantity", "UsageQuantity", "UsageAmount"),
    "unit": ("PricingUnit", "ConsumedUnit", "UsageUnit"),
    "exported_at": ("x_ExportTime",),
    "reference": ("oci_ReferenceNumber",),
}
"""Our word → the names it goes by; the first one that a file has is read."""

TAG_COLUMNS = ("Tags", "x_Tags", "x_Labels", "x_ProjectLabels")
"""Where tags and labels stand; an earlier one wins."""

REQUIRED = ("billed", "currency", "charge_start", "category")
"""Without these a file is no bill. A CoreWeave file has quantities in place of money, see `missing`."""

_MARKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("1.4", frozenset({"invoicedetailid", "commitmentprogrameligibilitydetails"})),
    ("1.3", frozenset({"serviceprovidername", "hostprovidername", "contractapplied", "allocatedmethodid"})),
    ("1.2", frozenset({"invoiceid", "billingaccounttype", "subaccounttype", "pricingcurrency"})),
    ("1.1", frozenset({"skumeter", "skupricedetails", "servicesubcategory", "capacityreservationid"})),
    ("1.0-preview", frozenset({"chargesubcategory", "usagequantity", "usageunit", "usageamount"})),
    ("1.0", frozenset({"consumedquantity", "regionid", "contractedcost", "chargeclass", "pricingcategory"})),
)
"""Columns that came with a version; the first line of which a file has one gives its version."""

_HEADER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("oci_generative_ai", ("oci_",)),
    ("coreweave_vllm", ("x_capacityplan", "x_clustername", "x_clusterid", "x_productfamily")),
    ("vertex_ai", ("x_exporttime", "x_projectlabels", "x_systemlabels", "x_project")),
    (
        "azure_openai",
        ("x_skumeter", "x_pricingblocksize", "x_skudetails", "x_resourcegroupname", "x_billingprofile"),
    ),
)
"""Beginnings of custom columns that only one provider writes."""

GAPS: Mapping[str, Mapping[str, str]] = {
    "azure_openai": {"invoice": "Azure leaves it empty under an enterprise agreement"},
    "vertex_ai": {
        "Tags": "Google's export has no Tags; labels are read from x_Tags, x_Labels and x_ProjectLabels",
        "service_category": "Google's export has none; AI spend is told by the service's name",
        "meter": "Google's export has none; the model is read from ChargeDescription",
    },
    "oci_generative_ai": {
        "effective": "Oracle's files may lack it or hold 0; BilledCost stands in",
        "meter": "Oracle's files have none; the model is read from ChargeDescription and the SKU",
    },
    "coreweave_vllm": {
        "billed": "CoreWeave exports quantities without money; list prices of the catalog stand in",
        "effective": "CoreWeave exports quantities without money",
        "list": "CoreWeave exports quantities without money",
        "Tags": "CoreWeave exports no tags; region and machine type tell the target",
    },
}
"""Provider → column → why its exports lack it (documented by them or by public loaders, 2026-11-23)."""

NOT_THERE = "not in the file"
"""Said where no provider explains the gap."""

WANTED = ("effective", "list", "service_category", "service", "meter", "resource", "region", "sub_account")
"""Columns that answers get worse without."""


def found_columns(names: Sequence[str]) -> dict[str, str]:
    """Our words → the file's own spelling, for those that it has."""
    spelled = {name.lower(): name for name in reversed(names)}
    return {
        word: next(spelled[name.lower()] for name in options if name.lower() in spelled)
        for word, options in ALIASES.items()
        if any(name.lower() in spelled for name in options)
    }


def version_of(names: Sequence[str]) -> str:
    """The FOCUS version by the columns there are, never by what is declared; `unknown` without any mark."""
    have = {name.lower() for name in names}
    if "providername" not in have and "serviceprovidername" in have and _MARKS[0][1] & have:
        return "1.4"
    return next((version for version, marks in _MARKS[1:] if marks & have), "unknown")


def header_provider(names: Sequence[str]) -> str | None:
    """The provider whose custom columns these are, or None."""
    have = [name.lower() for name in names]
    for provider, starts in _HEADER:
        if any(name.startswith(starts) for name in have):
            return provider
    return None


def missing(names: Sequence[str], provider: str | None) -> tuple[list[str], dict[str, str]]:
    """What a file lacks.

    Returns:
        FOCUS names of the columns without which it cannot be read, and name → what follows for those that it
        can be read without.
    """
    have = found_columns(names)
    needed = ("quantity", "charge_start") if provider == "coreweave_vllm" else REQUIRED
    gone = [ALIASES[word][0] for word in needed if word not in have]
    known = GAPS.get(provider or "", {})
    without = {
        ALIASES[word][0]: known.get(word, NOT_THERE)
        for word in (*WANTED, *(("billed",) if provider == "coreweave_vllm" else ()))
        if word not in have
    }
    lowered = {name.lower() for name in names}
    if "tags" not in lowered:
        without["Tags"] = known.get("Tags", NOT_THERE)
    return gone, without
