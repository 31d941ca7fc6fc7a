"""Steps for an object of any class: inspection, copies, pickles, weak references, a second
`__init__`.
"""

STEPS = (
    *("repr({v})", "str({v})", "bool({v})", "hash({v}) == hash({v})", "{v} == {v}"),
    *(
        "{v} == {w}",
        "{v} != {odd}",
        "{v} < {odd}",
        "len({v})",
        "iter({v})",
        "{v}({odd})",
    ),
    *(
        "type({v})",
        "{v}.__class__",
        "type({v}).__mro__",
        "type({v}).__doc__",
        "{v}.__doc__",
    ),
    *("isinstance({v}, {cls})", "issubclass(type({v}), object)", "callable({v})"),
    *(
        "sorted(vars({v}))",
        "vars({v})",
        "sorted({v}.__dict__)",
        "{v}.__dict__['x'] = 1",
    ),
    *("sorted(dir({v}))", "[n for n in dir({v}) if not hasattr({v}, n)]"),
    *("[n for n in dir(type({v})) if not hasattr(type({v}), n)]", "{v}.__module__"),
    *("inspect.signature({v}.{method})", "inspect.signature(type({v}))") * 2,
    *("inspect.signature(type({v}).{method})", "type({v}).{method}.__doc__") * 2,
    *(
        "inspect.isfunction(type({v}).{method})",
        "{v}.{method}.__name__",
        "{v}.{method}",
    ),
    *("{v}.{method}.__qualname__", "{v}.{method}.__self__ is {v}", "type({v}).{name}"),
    *("type({v}.{method}).__name__", "type(type({v}).{method}).__name__"),
    *(
        "inspect.getattr_static({v}, '{name}', 0) is 0",
        "type({v}).__dict__.keys() >= {{'{name}'}}",
    ),
    *("hasattr({v}, '{name}')", "getattr({v}, '{name}', 0) is 0", "type({v}.{name})")
    * 2,
    *("{v}.{name} = {odd}", "{v}.{name}", "del {v}.{name}", "{v}.{name} = {v}.{name}")
    * 4,
    *(
        "{v}.fresh = {item}",
        "{v}.fresh",
        "setattr({v}, '{name}', {w})",
        "{v}.__dict__ = {odd}",
    ),
    *(
        "type({v}).{name} = {odd}",
        "del type({v}).{name}",
        "{v}.__weakref__",
        "{v}.__slots__",
    ),
    *(
        "copy.copy({v})",
        "copy.deepcopy({v})",
        "{n} = copy.copy({v})",
        "{n} = copy.deepcopy({v})",
    ),
    *("copy.copy({v}) is {v}", "type(copy.copy({v}))", "sorted(vars(copy.copy({v})))"),
    *(
        "pickle.dumps({v}, {protocol}) and 0",
        "{n} = pickle.loads(pickle.dumps({v}, {protocol}))",
    ),
    *("{v}.__reduce_ex__({protocol})", "{v}.__reduce__()", "{v}.__getstate__()"),
    *("pickle.loads(pickle.dumps(type({v}), {protocol}))", "type({v}).__name__"),
    *("type({v}).__qualname__", "type({v}).__module__", "type({v}).__bases__"),
    *(
        "weakref.ref({v})() is {v}",
        "weakref.proxy({v}).{method}",
        "weakref.getweakrefcount({v})",
    ),
    *(
        "r = weakref.ref({v}, note) ;; del {v} ;; gone(r)",
        "r = weakref.ref({v})",
        "del {v}",
    )
    * 2,
    *(
        "weakref.finalize({v}, note).alive",
        "{v}.__init__({args})",
        "{v}.__init__({odd})",
    ),
    *(
        "type({v}).__init__({v}, {args})",
        "type({v}).__new__(type({v}))",
        "{v}.__init__()",
    ),
    *("{n} = type({v}).__new__(type({v}))", "{n} = object.__new__(type({v}))"),
    *(
        "{n} = {cls}.__new__({cls}, {odd})",
        "{v}.__class__ = {cls}",
        "{v}.__class__ = Odd",
    ),
    *(
        "{v}.__sizeof__() > 0",
        "gc.is_tracked({v})",
        "{v}.__format__('')",
        "f'{{{v}!r:>3}}' and 0",
    ),
    *(
        "{v} in [{w}]",
        "{{{v}: 1}}[{v}]",
        "{v} in {{{v}}}",
        "functools.reduce(give, [{v}, 1])",
    ),
    *("{v}.__eq__({w})", "{v}.__init_subclass__()", "type({v}).__subclasshook__(1)"),
    *(
        "with {v}: LOG.append('in')",
        "with {v} as n: n",
        "inside({v}, fail)",
        "inside({v})",
    ),
    *(
        "{v}.__enter__()",
        "{v}.__exit__(None, None, None)",
        "{v}.__exit__({odd}, {odd}, {odd})",
    ),
    *("type({v}).__enter__({odd})", "{v}.__exit__(type=1, value=2, traceback=3)"),
    *("type({v}).{method}()", "type({v}).{method}({odd})", "type({v}).{method}({v})"),
    *("{v}.{method}({odd}, {odd}, {odd}, {odd}, {odd})", "{v}.{method}(unknown=1)"),
    *(
        "{v}.__setstate__({odd})",
        "{v}.__class_getitem__(int)",
        "type({v})[int]",
        "{cls}[int]",
    ),
    *(
        "match {v}:\n    case {cls}(): LOG.append('match')",
        "[*{v}]",
        "{v}[0]",
        "{v} | 1",
    ),
    *(
        "inspect.getdoc({v}.{method})",
        "inspect.getmodule(type({v}))",
        "{v}.__annotations__",
    ),
    *("functools.singledispatch(give).dispatch(type({v}))", "inspect.isclass({cls})"),
    *("inspect.getfullargspec({v}.{method})", "inspect.isroutine({v}.{method})"),
    *(
        "type({v}).{method}.__get__({v}, type({v}))",
        "{v}.__getattribute__('{name}')",
        "{v}.__dir__() and 0",
    ),
)

BODIES = (
    *("LOG.append('{m}'); return super().{m}(*a, **k)",) * 4,
    *(
        "return super().{m}(*a, **k)",
        "LOG.append('{m}')",
        "return {odd}",
        "raise Own('{m}')",
    ),
    *("LOG.append(('{m}', a, k)); return super().{m}(*a, **k)", "super().{m}(*a, **k)"),
    *(
        "return super().{m}()",
        "super().{m}(*a, **k); raise Own('after')",
        "return {flag}",
    ),
)

EXTRAS = (
    *("__slots__ = ()", "__eq__ = lambda s, o: True", "__hash__ = None", "extra = 1"),
    *("__bool__ = lambda s: False", "__len__ = lambda s: 0", "__call__ = note"),
    "def __getattr__(self, name): LOG.append(name); raise AttributeError(name)",
    "def __setattr__(self, name, value): LOG.append('set'); super().__setattr__(name, value)",
    "def __del__(self): LOG.append('del')",
    "def __reduce__(self): return (S, ())",
    "def __getstate__(self): return {{'x': 1}}",
    "def __setstate__(self, state): LOG.append(state)",
    "def __init__(self, *a, **k): pass",
    "def __init__(self, *a, **k): self.mine = 1; super().__init__(*a, **k)",
    "def __init__(self, *a, **k): super().__init__(*a, **k); self.mine = [1]",
    "def __new__(cls, *a, **k): return super().__new__(cls)",
    "def __repr__(self): return 'S'",
    "def more(self): return 1",
    "__class_getitem__ = classmethod(lambda c, i: c)",
)
