"""The description of a results folder, made from the tables' own columns."""

from __future__ import annotations

from sim.record.schema import ALL_TABLES, FORMAT, SWEPT_AFTER, Table

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

Money is CNY of 2024, flows are per quarter, shares lie between 0 and 1. Any tool that reads
Parquet opens the tables; with DuckDB:

```sql
SELECT arm, avg(survives::INT) AS survival
FROM 'firms.parquet' JOIN 'runs.parquet' USING (run)
WHERE firm = 'leapmotor' AND t = 23 GROUP BY arm;
```
"""


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
