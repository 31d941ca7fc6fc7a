"""OpenTelemetry's instrumentation of threads carries the context on weftline: threads, timers,
pools.
"""

from support.beside import both


def test_the_context_of_the_starter_reaches_the_started_function(tmp_path):
    output = both(
        tmp_path,
        """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        from opentelemetry import trace
        from opentelemetry.instrumentation.threading import ThreadingInstrumentor
        from opentelemetry.sdk.trace import TracerProvider
        trace.set_tracer_provider(TracerProvider())
        tracer = trace.get_tracer("test")
        ThreadingInstrumentor().instrument()
        def look():
            seen.append(trace.get_current_span().get_span_context().span_id == expected)
        def run_all():
            for thread in (threading.Thread(target=look), threading.Timer(0.001, look)):
                thread.start()
                thread.join()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(look).result()
        seen = []
        with tracer.start_as_current_span("request") as span:
            expected = span.get_span_context().span_id
            run_all()
            ThreadingInstrumentor().uninstrument()
            run_all()
        print(seen)
        """,
    )
    assert output == "[True, True, True, False, False, False]\n"
