"""The description of a results folder, made from the tables' own columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.record.schema import ALL_TABLES, FORMAT, OPTIONAL_TABLES, RUNS, SWEPT_AFTER, Table

_HEAD = f"""# Results

One folder a batch: `results/<name>/`. Nothing here is needed to run the simulator again. This
text is made from `sim/record/schema.py`; the tables are in format {FORMAT}.

| file | what it is |
|---|---|
| `report.html` | the answer, with its figures and how far to trust it |
| `manifest.json` | what was run: scenario, arms, seed, versions, digests |
| `scenario.resolved.yaml` | the scenario with every setting written out |
| `runs.parquet`, `market.parquet`, `firms.parquet`, `events.parquet` | the tables below |
| `products.parquet` | a row a product line and quarter, where the scenario says `record: full` |
| `regions.parquet` | a row a region abroad, firm and quarter, where a scenario models regions |
| `tables/*.csv`, `figures/*` | what the report shows |
| `reproduce.txt` | the commands that make this folder again |
| `ledger.sqlite` | every finished run, so that a stopped batch goes on where it was |

Money is CNY of 2024, flows are per quarter, shares lie between 0 and 1. `tables` in
`manifest.json` says of each table its file and, column by column, type, unit and meaning. Any
tool that reads Parquet opens the files, without this program; with DuckDB:

```sql
SELECT arm, avg(survives::INT) AS survival
FROM 'firms.parquet' JOIN 'runs.parquet' USING (run)
WHERE firm = 'leapmotor' AND t = 23 GROUP BY arm;
```

in Python with Polars, or with pandas and pyarrow:

```python
import polars as pl
pl.read_parquet("firms.parquet").join(pl.read_parquet("runs.parquet"), on="run")
import pandas as pd
pd.read_parquet("firms.parquet").merge(pd.read_parquet("runs.parquet"), on="run")
```

in R with nanoparquet (or `arrow::read_parquet`):

```r
runs <- nanoparquet::read_parquet("runs.parquet")
firms <- merge(nanoparquet::read_parquet("firms.parquet"), runs, by = "run")
aggregate(survives ~ arm, subset(firms, firm == "leapmotor" & t == 23), mean)
```

The files are flat and hold four kinds of values (whole numbers of 32 and 64 bits, doubles, true
or false, UTF-8 text), plain or by dictionary, compressed with Zstandard. A missing number is null.
"""


def tables_for_manifest(optional: Sequence[str], swept: Sequence[str]) -> dict[str, Any]:
    """File, row and columns of each table of a batch, for readers that have only its folder.

    Parameters
    ----------
    optional
        Tables beside those that every batch has.
    swept
        Paths of the swept settings, each a column of table ``runs``.
    """
    found: dict[str, Any] = {}
    for name, table in ALL_TABLES.items():
        if name in OPTIONAL_TABLES and name not in optional:
            continue
        columns: dict[str, dict[str, str]] = {}
        for column in table.columns:
            columns[column.name] = {
                "type": column.dtype, "unit": column.unit, "meaning": column.description,
            }  # fmt: skip
            if name == RUNS.name and column.name == SWEPT_AFTER:
                for path in swept:
                    columns[path] = {"type": "float64", "unit": "-", "meaning": "swept setting"}
        found[name] = {"file": f"{name}.parquet", "row": table.row, "columns": columns}
    return found


def results_readme() -> str:
    """Return the text of ``results/README.md``."""
    return "\n".join([_HEAD, *(_described(table) for table in ALL_TABLES.values())])


def _described(table: Table) -> str:
    lines = [
        f"## `{table.name}`",
        "",
        f"A row is {table.row}.",
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
    ]
    for column in table.columns:
        lines.append(f"| `{column.name}` | {column.dtype} | {column.unit} | {column.description} |")
        if table.name == "runs" and column.name == SWEPT_AFTER:
            lines.append(
                "| each swept setting, by its path | float64 | as the setting | its value |"
            )
    return "\n".join([*lines, ""])
