"""`anyport bill` on ten million rows: seconds, memory, and the ratio to DuckDB's own sum over the same file.

    python tools/bench/bill_bench.py [rows] [parquet|csv|both]

Ten million rows are 4.6 GB as CSV, so a folder without room for a form is said and left out. The rows are made from their numbers, so every run has the same ones: one month of Azure's FOCUS columns, hourly,
5,000 resources, a tenth of them AI spend, one percent of them tagged with an endpoint and a target.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ANYPORT = Path(sys.executable).parent / "anyport"
ROWS = """
SELECT i, i % 5000 AS r, (i // 5000) % 744 AS h,
       (r % 10) = 0 AS ai, (r % 100) = 0 AS tagged, ((hash(i) % 100000) / 1000000.0)::DECIMAL(18, 6) AS cost
FROM range({rows}) t(i)
"""
EXPORT = """
SELECT cost AS BilledCost, 'ba-1' AS BillingAccountId, 'Account' AS BillingAccountName, 'USD' AS BillingCurrency,
       {start} AS BillingPeriodStart, {end} AS BillingPeriodEnd,
       'Usage' AS ChargeCategory, NULL::VARCHAR AS ChargeClass, 'Compute hours' AS ChargeDescription,
       'Usage-Based' AS ChargeFrequency, {hour} AS ChargePeriodStart, {hour_end} AS ChargePeriodEnd,
       1.0::DECIMAL(18, 6) AS ConsumedQuantity, 'Units' AS ConsumedUnit, cost AS ContractedCost, cost AS EffectiveCost,
       'Microsoft' AS InvoiceIssuerName, cost AS ListCost, 'Standard' AS PricingCategory,
       1.0::DECIMAL(18, 6) AS PricingQuantity, 'Units' AS PricingUnit, 'Microsoft' AS ProviderName,
       'Microsoft' AS PublisherName, CASE r % 3 WHEN 0 THEN 'eastus2' WHEN 1 THEN 'westus3' ELSE 'centralus' END AS RegionId,
       CASE WHEN ai THEN '/subscriptions/s/resourcegroups/g/providers/microsoft.cognitiveservices/accounts/account' || r
            ELSE '/subscriptions/s/resourcegroups/g/providers/microsoft.storage/storageaccounts/st' || r END AS ResourceId,
       'name' || r AS ResourceName, 'Resource' AS ResourceType,
       CASE WHEN ai THEN 'AI and Machine Learning' ELSE 'Storage' END AS ServiceCategory,
       CASE WHEN ai THEN 'Azure AI Services' ELSE 'Storage Accounts' END AS ServiceName,
       'sku' || (r % 40) AS SkuId, CASE WHEN ai THEN 'gpt-oss-120B Inp glbl Tokens' ELSE 'Hot LRS' END AS SkuMeter,
       'price' || (r % 40) AS SkuPriceId, '/subscriptions/s' || (r % 7) AS SubAccountId,
       CASE WHEN tagged THEN '{{"anyport-endpoint":"chat","anyport-target":"t' || (r % 5) || '","anyport-tier":"prod","team":"x"}}'
            ELSE '{{"team":"team' || (r % 50) || '","env":"prod"}}' END AS Tags
FROM ({rows})
"""
FLOOR = "SELECT ServiceName, sum(BilledCost::DECIMAL(38,15)) FROM {table} GROUP BY ServiceName"


BYTES_PER_ROW = {"parquet": 30, "csv": 480}
"""What a row takes on disk, rounded up, to ask for room before the file is made."""


def main() -> None:
    """Measure each form in turn, print one table each."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    wanted = sys.argv[2] if len(sys.argv) > 2 else "both"
    for form in ("parquet", "csv") if wanted == "both" else (wanted,):
        with tempfile.TemporaryDirectory(prefix="anyport-bill-bench-") as place:
            needed, free = 2 * rows * BYTES_PER_ROW[form], shutil.disk_usage(place).free
            if free < needed:
                print(
                    f"{form}: left out, {place} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} are wanted"
                )
                continue
            file = Path(place) / f"export.{form}"
            _make(rows, form, file)
            _measure(rows, form, file)


def _make(rows: int, form: str, file: Path) -> None:
    """Write the export, in a process of its own: a child's peak memory starts at that of its parent."""
    base = "TIMESTAMP '2026-10-01'"
    times = {
        "start": base, "end": "TIMESTAMP '2026-11-01'",
        "hour": f"({base} + to_hours(h))", "hour_end": f"({base} + to_hours(h + 1))",
    }  # fmt: skip
    if form == "csv":
        times = {key: f"strftime({value}, '%Y-%m-%dT%H:%M:%SZ')" for key, value in times.items()}
    query = EXPORT.format(rows=ROWS.format(rows=rows), **times)
    subprocess.run(
        [sys.executable, "-c", _MAKE_PROGRAM, f"COPY ({query}) TO '{file}' (FORMAT {form})"], check=True
    )


def _measure(rows: int, form: str, file: Path) -> None:
    """Time the floor and the command turn about, twice, and print the better of each."""
    print(f"{rows:,} rows, {form}, {file.stat().st_size / 1e6:,.0f} MB", flush=True)
    table = f"read_parquet('{file}')" if form == "parquet" else f"read_csv('{file}', all_varchar=true)"
    floor = [sys.executable, "-c", _FLOOR_PROGRAM, FLOOR.format(table=table)]
    bill = [str(ANYPORT), "bill", str(file), "--format", "json"]
    best: dict[str, tuple[float, float]] = {}
    for _ in range(2):
        for name, command in (("floor", floor), ("bill", bill)):
            seconds, megabytes, output = _run(command)
            best[name] = min(best.get(name, (seconds, megabytes)), (seconds, megabytes))
            if name == "bill":
                assert json.loads(output)["rows"] == rows, "not every row was counted"
    for name, (seconds, megabytes) in best.items():
        print(f"{name:6} {seconds:7.2f} s  {megabytes:6.0f} MB peak")
    print(f"ratio  {best['bill'][0] / best['floor'][0]:7.2f}", flush=True)


_MAKE_PROGRAM = (
    "import duckdb, sys; c = duckdb.connect(config={'memory_limit': '1GB', 'threads': 2}); "
    "c.execute('SET enable_progress_bar = false'); c.execute(sys.argv[1])"
)
_FLOOR_PROGRAM = (
    "import duckdb, sys; c = duckdb.connect(config={'memory_limit': '512MB', 'threads': 2}); "
    "print(c.execute(sys.argv[1]).fetchall())"
)


def _run(command: list[str]) -> tuple[float, float, bytes]:
    """Seconds, peak resident megabytes and output of one process."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        said = output.decode(errors="replace")[:500]
        raise SystemExit(f"{' '.join(command[:3])} ended with {child.returncode}: {said}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024, output


if __name__ == "__main__":
    main()
