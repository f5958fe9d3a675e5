"""Bills after the fact: FOCUS exports read into DuckDB, cost attributed to endpoints and targets.

    columns.py    FOCUS columns by version, what older and vendor files call them, known gaps per provider
    files.py      export files: found, told apart by content, headers judged
    manifest.py   Azure's manifest.json: parts that are missing or cut, and which run is the newest
    scan.py       one pass of DuckDB over files of one shape: sums per group of charges
    select.py     the SELECT of that pass
    locate.py     the line of a row that cannot be parsed
    overlap.py    the same charges in two exports
    sellers.py    which cloud a row is from, and whether it is AI spend
    tags.py       tags in the forms that clouds export them
    sku.py        model and token kind out of a SKU's text
    places.py     where each planned target's charges turn up
    attribute.py  whose a group of charges is
    prices.py     list prices for usage that comes without money (CoreWeave)
    usage.py      tokens per endpoint and target, from a CSV
    estimate.py   what was expected, from a JSON
    judge.py      what a person should look at: untagged, idle, shared and drifting spend
    report.py     the whole run

FOCUS: FinOps Open Cost and Usage Specification, versions 1.0 to 1.3 (and the columns of 1.4), read 2026-11-23 at
github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec. What each provider really delivers is from their documentation
and public loaders of the same date; nothing was checked against a live billing account.
"""
