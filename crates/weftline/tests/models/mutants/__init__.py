"""Ways to break the core, each with a model that must notice: a file for each floor whose models
they are.
"""

from . import executor, park, queue, sync, thread
from .mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]

MUTANTS = [
    *park.MUTANTS,
    *sync.MUTANTS,
    *queue.MUTANTS,
    *executor.MUTANTS,
    *thread.MUTANTS,
]
