//! Sets `cfg(Py_3_13)`, `cfg(Py_GIL_DISABLED)` and so on for the interpreter's version and build.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
