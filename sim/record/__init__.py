"""Tables, manifest and store of a batch; one writer."""

from sim.record.batch import Batch, open_batch
from sim.record.manifest import read_manifest, write_manifest
from sim.record.run_record import RunRecord
from sim.record.schema import FORMAT, TABLES
from sim.record.store import Store
from sim.record.writer import write_bytes, write_text

__all__ = [
    "FORMAT",
    "TABLES",
    "Batch",
    "RunRecord",
    "Store",
    "open_batch",
    "read_manifest",
    "write_bytes",
    "write_manifest",
    "write_text",
]
