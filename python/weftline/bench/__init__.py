"""The benchmark: weftline beside the standard library and its peers, in one process.

``python -m weftline bench [--quick] [--json FILE] [--only WORD]`` measures three things:

- **speed**: each operation of :mod:`.rows`, every contestant in turn in every round, in an order
  shuffled anew each round; what is compared are the times of one round, so that a machine that
  slows down slows all of them;
- **memory**: the growth of a fresh process over many instances, because what Rust allocates is
  invisible to ``tracemalloc``;
- **idle cost**: the processor time of a process in which many threads wait.

Read :mod:`.contestants` for who takes part, :mod:`.statement` for how an operation is timed without
its loop, and :mod:`.summary` for what the figures mean.
"""

from .command import main

__all__ = ["main"]
