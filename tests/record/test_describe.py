from pathlib import Path

from sim.record.describe import results_readme
from sim.record.parquet import SQL_TYPES
from sim.record.schema import ALL_TABLES

README = Path(__file__).parents[2] / "results" / "README.md"


def test_the_description_of_results_is_in_step_with_the_tables():
    assert README.read_text(encoding="utf-8") == results_readme(), (
        "results/README.md is behind sim/record/schema.py: write results_readme() to it"
    )


def test_every_column_says_what_it_is():
    for table in ALL_TABLES.values():
        assert len(set(table.names)) == len(table.names)
        for column in table.columns:
            assert column.dtype in SQL_TYPES
            assert column.unit
            assert column.description
            assert f"| `{column.name}` |" in results_readme()
