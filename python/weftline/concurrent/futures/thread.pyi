# Every public name of the standard module. The pool is the standard one with its further
# parameters.
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import thread as _standard
from concurrent.futures.thread import BrokenThreadPool as BrokenThreadPool
from typing import Any, TypeVar, TypeVarTuple, overload

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

class ThreadPoolExecutor(_standard.ThreadPoolExecutor):
    if sys.version_info >= (3, 14):
        @overload
        def __init__(
            self,
            max_workers: int | None = None,
            thread_name_prefix: str = "",
            initializer: Callable[[], object] | None = None,
            initargs: tuple[()] = (),
            *,
            context: bool = False,
            **ctxkwargs: Any,
        ) -> None: ...
        @overload
        def __init__(
            self,
            max_workers: int | None = None,
            thread_name_prefix: str = "",
            *,
            initializer: Callable[[*_Ts], object],
            initargs: tuple[*_Ts],
            context: bool = False,
            **ctxkwargs: Any,
        ) -> None: ...
        @overload
        def __init__(
            self,
            max_workers: int | None,
            thread_name_prefix: str,
            initializer: Callable[[*_Ts], object],
            initargs: tuple[*_Ts],
            *,
            context: bool = False,
            **ctxkwargs: Any,
        ) -> None: ...
    else:
        @overload
        def __init__(
            self,
            max_workers: int | None = None,
            thread_name_prefix: str = "",
            initializer: Callable[[], object] | None = None,
            initargs: tuple[()] = (),
            *,
            context: bool = False,
        ) -> None: ...
        @overload
        def __init__(
            self,
            max_workers: int | None = None,
            thread_name_prefix: str = "",
            *,
            initializer: Callable[[*_Ts], object],
            initargs: tuple[*_Ts],
            context: bool = False,
        ) -> None: ...
        @overload
        def __init__(
            self,
            max_workers: int | None,
            thread_name_prefix: str,
            initializer: Callable[[*_Ts], object],
            initargs: tuple[*_Ts],
            *,
            context: bool = False,
        ) -> None: ...
    def map(
        self,
        fn: Callable[..., _T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[_T]: ...
