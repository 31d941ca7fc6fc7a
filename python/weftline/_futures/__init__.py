"""Our parts of `concurrent.futures`: `waiting` needs the standard `_base` module, `pool` the
standard `thread` module, and no more.

They stand apart from `weftline.concurrent.futures`, which needs the whole standard package, because
`install()` puts them in place while that is being imported.
"""
