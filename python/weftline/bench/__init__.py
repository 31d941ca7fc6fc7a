"""The benchmark: weftline beside the standard library and its peers, in one process.

``python -m weftline bench [--quick] [--json FILE] [--only WORD]`` measures three things:

- **speed**: each operation of :mod:`.rows`. Every contestant runs once in every round, in an order
  shuffled anew each round. The times of one round are compared, so a machine that slows down slows
  all contestants;
- **memory**: the growth of a fresh process over many instances, because memory allocated by Rust is
  invisible to ``tracemalloc``;
- **idle cost**: the processor time of a process in which many threads wait.

:mod:`.contestants` lists the contestants, :mod:`.statement` explains how an operation is timed
without its loop, and :mod:`.summary` explains the figures.
"""

from .command import main

__all__ = ["main"]
