"""Mutants: ways to break the core, each with a model that must fail. One file for each floor."""

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
