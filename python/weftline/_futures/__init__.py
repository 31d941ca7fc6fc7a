"""weftline's parts of `concurrent.futures`: `waiting` needs only the standard `_base` module,
`pool` only the standard `thread` module.

They are separate from `weftline.concurrent.futures`, which needs the whole standard package,
because `install()` applies them while that is being imported.
"""
