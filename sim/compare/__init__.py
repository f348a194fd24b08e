"""What a batch says: arms compared over pairs of the same luck, from its rows alone."""

from sim.compare.abroad import abroad
from sim.compare.batch import Batch, Scope
from sim.compare.best import best_arms, best_sentences
from sim.compare.heat import heat
from sim.compare.paid import paid_in
from sim.compare.paths import alive_strip, level_paths, pair_differences, survival_paths
from sim.compare.printing import printed_comparison
from sim.compare.rivals import buyers, deals, losers
from sim.compare.sentence import Sentence, answer, survival_sentence
from sim.compare.summary import compare_arms, only_what_differs

__all__ = [
    "Batch",
    "Scope",
    "Sentence",
    "abroad",
    "alive_strip",
    "answer",
    "best_arms",
    "best_sentences",
    "buyers",
    "compare_arms",
    "deals",
    "heat",
    "level_paths",
    "losers",
    "only_what_differs",
    "paid_in",
    "pair_differences",
    "printed_comparison",
    "survival_paths",
    "survival_sentence",
]
