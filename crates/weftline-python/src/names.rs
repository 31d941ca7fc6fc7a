//! The names of attributes that are read repeatedly, as strings of the interpreter.

use pyo3::prelude::*;
use pyo3::types::PyString;
use std::sync::OnceLock;

macro_rules! names {
    ($($name:ident)*) => {
        /// All of them; a field is named after its attribute. Not every version uses every name.
        #[allow(dead_code, non_snake_case)]
        pub(crate) struct Names {
            $(pub(crate) $name: Py<PyString>,)*
        }

        impl Names {
            fn new(py: Python<'_>) -> Self {
                Self {
                    $($name: PyString::intern(py, stringify!($name)).unbind(),)*
                }
            }
        }
    };
}

names! {
    ALL_COMPLETED FINISHED FIRST_COMPLETED FIRST_EXCEPTION NSIG _Future__get_result __class__
    __code__ __dict__ __enter__ __exit__ __float__ __getstate__ __index__ __init__ __module__
    __name__ __new__ __qualname__ __reduce__ __reduce_ex__ __set__ _acquire_restore _action
    _active _at_fork_reinit _break _cond _condition _count _done_callbacks _enter _exception
    _exit _flag _get _ident _init _initial_value _invoke_callbacks _is_owned _lock _name
    _parties _put _qsize _rebuild _release _release_save _result _shutdown _signal _state
    _timeout _value _wait _waiters _weakref _weftline acquire add_cancelled add_exception
    add_result all_tasks_done append block blocking broken clear co_filename co_qualname
    collections context critical default_int_handler deque error exc_info f_code get getsignal
    getweakrefs insert is_set is_shutdown locked maxsize mutex n_waiting name not_empty not_full
    notify notify_all obj parties pop popleft put queue release remove run set_exception
    set_result set_running_or_notify_cancel tb_next threading time timeout unfinished_tasks wait
    wait_for weftline
}

/// Filled at import, not on first use as PyO3's `intern!` does. First use releases the interpreter
/// lock for a moment. A fork by another thread in that moment would leave the child with a cell
/// that no thread fills, and its threads would wait for ever.
static NAMES: OnceLock<Names> = OnceLock::new();

pub(crate) fn remember(py: Python<'_>) {
    NAMES.get_or_init(|| Names::new(py));
}

pub(crate) fn get(_py: Python<'_>) -> &'static Names {
    NAMES.get().expect("remembered at import")
}

/// `interned!(py, name)`: the string `name`, which must be one of the above.
macro_rules! interned {
    ($py:expr, $name:ident) => {{
        let py = $py;
        crate::names::get(py).$name.bind(py)
    }};
}

pub(crate) use interned;
