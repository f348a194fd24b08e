"""An electric-car price war, alone or together: see README.md.

::

    import sim

    s = sim.load("scenarios/faw_leapmotor.yaml").set("conduct.war_intensity", 1.2)
    b = sim.run(s, workers=2)
    b.compare("capital")                # a data frame

Nothing heavy is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.errors import InputError, SimError
    from sim.public import Results, load, open_results, run

__all__ = ["InputError", "Results", "SimError", "load", "open_results", "run"]

_HOMES = {"InputError": "sim.errors", "SimError": "sim.errors"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "sim.public")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
