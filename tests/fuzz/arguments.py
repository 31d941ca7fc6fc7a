"""Values for the holes of a template (`{timeout}`, `{flag}`), ordinary ones more often than odd."""

_ODD = [
    *("None", "True", "False", "0", "1", "-1", "2**31", "2**63", "2**64", "-2**63 - 1"),
    *("10**400", "0.0", "-0.0", "1.5", "float('nan')", "float('inf')", "-float('inf')"),
    *("''", "'x'", "b'x'", "()", "[]", "{}", "object", "...", "1j", "Decimal('0.5')"),
    *("Fraction(1, 2)", "Whole(1)", "Number(0.5)", "Odd(1)", "range(2)", "(lambda: 1)"),
    *("Index(1)", "Index('x')", "Index(2**64)", "Index(ValueError)", "Float(0.5)"),
    *("Float('x')", "Float(Own)", "Truth(True)", "Truth(False)", "Truth(1)"),
    *("Truth(Own)", "Size(0)", "Size(2)", "Size(-1)", "Order(True)", "Order(Own)"),
    *("Equal(True)", "Equal(False)", "Equal(Own)", "Hash(1)", "Hash('x')", "Hash(Own)"),
    *("Called(1)", "Called(Own)", "Attributes(None)", "Attributes(Own)", "Duck()"),
    *("ManagedDuck()", "Own('x')", "Own", "threading", "queue.Queue", "give"),
]

_TIMEOUTS = [
    *["0", "0.001", "None", "-1", "0.0"] * 5,
    *("-0.5", "-0.0", "1e-9", "-1e-9", "1e-320", "True", "False", "'x'", "1e100"),
    *("float('nan')", "float('inf')", "-float('inf')", "2**62", "2**63", "-2**70"),
    *("10**400", "threading.TIMEOUT_MAX", "threading.TIMEOUT_MAX + 1", "9e9", "1e10"),
    *("Float(0.001)", "Float('x')", "Float(ValueError)", "Index(0)", "Index(-1)"),
    *("Index(KeyError)", "[]", "()", "Fraction(1, 1000)", "Decimal('0.001')", "1j"),
    *("Number(0.001)", "Whole(0)", "Number('nan')", "Odd(1)", "Truth(False)"),
    *("Order(True)", "Order(Own)", "object", "Equal(True)", "Decimal('NaN')", "b'1'"),
]

_FLAGS = [
    *["True", "False", "False"] * 4,
    *("0", "1", "2", "-1", "None", "''", "'x'", "[]", "0.0", "0.5", "float('nan')"),
    *("2**31", "2**40", "2**64", "-2**70", "Truth(True)", "Truth(False)", "Truth(1)"),
    *("Truth(Own)", "Size(0)", "Size(1)", "Size(Own)", "Index(0)", "Index(1)"),
    *("Index(Own)", "Float(0)", "Odd(0)", "object", "Whole(0)", "()", "Decimal(0)"),
]

_COUNTS = [
    *["0", "1", "2", "3", "-1"] * 4,
    *("None", "True", "False", "1.0", "0.5", "-0.5", "float('nan')", "float('inf')"),
    *("'x'", "'1'", "2**31", "2**62", "2**63 - 1", "2**63", "2**64", "-2**63"),
    *(
        "-2**70",
        "10**400",
        "Index(1)",
        "Index(0)",
        "Index(Own)",
        "Float(1)",
        "Whole(2)",
    ),
    *("Number(1)", "Truth(True)", "Truth(Own)", "Order(True)", "Order(False)"),
    *("Order(Own)", "[]", "Fraction(1)", "Fraction(3, 2)", "Decimal(1)", "object"),
    *("Equal(True)", "Equal(False)", "1j", "Odd(1)"),
]

_ITEMS = [
    *["1", "2", "0", "3", "'a'"] * 3,
    *("(1, 'b')", "(0, None)", "None", "[]", "float('nan')", "-1", "'b'", "True"),
    *("Order(True)", "Order(False)", "Order(Own)", "Order('')", "Order(Truth(Own))"),
    *("Ranked(1)", "Ranked(0)", "Equal(True)", "Hash(Own)", "Odd(1)", "10**40", "1j"),
    *("object", "Own('x')", "Own", "(1, Odd(1))", "(1, Odd(0))", "Duck()"),
]

_LOCKS = [
    *["threading.Lock()", "threading.RLock()", "None", ""] * 3,
    *("Duck()", "ManagedDuck()", "Duck(False)", "ManagedDuck(0)", "Odd(1)", "1"),
    *("threading.Condition()", "threading.Semaphore()", "threading.Semaphore(2)"),
    *("Attributes(None)", "Attributes(True)", "Attributes(Own)", "queue.Queue"),
    *("threading.BoundedSemaphore(1)", "threading.Condition(threading.Lock())"),
    *("''", "0", "False", "Truth(Own)", "threading.Lock", "Size(0)"),
]

_FUNCTIONS = [
    *["give", "note", "fail", "Called(1)"] * 3,
    *("leave", "stop", "Called(Own)", "len", "int", "None", "1", "Called(SystemExit)"),
    *("(lambda: 1)", "lambda *a: LOG.append(a)", "Odd", "Called(KeyboardInterrupt)"),
    *("functools.partial(give, 3)", "Own", "Called(Called(1))", "str.upper"),
]

_ERRORS = [
    *["Own('x')", "ValueError('x')", "KeyError('k')", "None"] * 3,
    *("Own", "ValueError", "SystemExit(3)", "KeyboardInterrupt()", "'x'", "False", "0"),
    *("StopIteration(1)", "futures.CancelledError()", "futures.TimeoutError()", "()"),
    *(
        "queue.Empty()",
        "OSError(2, 'm')",
        "Truth(False)",
        "Odd(1)",
        "[]",
        "Exception()",
    ),
    *(
        "BaseException('b')",
        "ExceptionGroup('g', [Own('i')])",
        "Truth(Own)",
        "Equal(True)",
    ),
]

_CALLBACKS = [
    *["note", "give", "fail", "Called(1)", "lambda f: LOG.append(f._state)"] * 2,
    *("Cancelling('cancel')", "Cancelling('done')", "Cancelling('result')", "leave"),
    *("Cancelling('exception')", "Called(Own)", "None", "1", "stop", "Odd(1)"),
    *(
        "Called(SystemExit)",
        "Called(KeyboardInterrupt)",
        "len",
        "Cancelling('running')",
    ),
    "lambda f: f.add_done_callback(note)",
]

_WAITS = [
    *["futures.ALL_COMPLETED", "futures.FIRST_COMPLETED"] * 3,
    *("futures.FIRST_EXCEPTION", "'x'", "None", "0", "''", "Equal(True)", "Odd(1)"),
]

POOLS = {
    "timeout": _TIMEOUTS,
    "flag": _FLAGS,
    "count": _COUNTS,
    "item": _ITEMS,
    "odd": _ODD,
    "lock": _LOCKS,
    "call": _FUNCTIONS,
    "error": _ERRORS,
    "callback": _CALLBACKS,
    "when": _WAITS,
    "protocol": ["0", "1", "2", "3", "4", "5", "-1", "6", "None"],
    "far": ["60", "60.0", "1e4", "Number(60)", "Whole(60)", "2**20", "True + 59"],
    # Up to 3.12 the standard `release` loops once for each permit.
    "permits": [count for count in _COUNTS if "**" not in count or "-" in count],
    "manager": [lock for lock in _LOCKS if lock],
    "private": ["state", "count", "parties", "action", "timeout", "cond"],
    "state": [
        "'PENDING'",
        "'RUNNING'",
        "'CANCELLED'",
        "'FINISHED'",
        "'x'",
        "None",
        "futures._base.CANCELLED_AND_NOTIFIED",
        "1",
    ],
    "few": ["1", "2", "1", "3"],
    # With an object whose truth raises, the standard thread never reports that it has started.
    "daemon": ["True", "False", "0", "1", "None", "'x'", "[]", "2**64", "object"],
}
