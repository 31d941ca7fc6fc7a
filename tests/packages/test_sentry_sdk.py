"""sentry_sdk's integration with threads reports a thread's exceptions on weftline, and carries the
scope into the thread.
"""

from support.beside import both


def test_what_a_thread_raises_is_reported_with_the_scope_of_its_starter(
    tmp_path,
):
    output = both(
        tmp_path,
        """
        import threading
        import sentry_sdk
        from concurrent.futures import ThreadPoolExecutor
        from sentry_sdk.integrations.threading import ThreadingIntegration
        from sentry_sdk.transport import Transport
        events = []
        class Kept(Transport):
            def capture_envelope(self, envelope):
                if envelope.get_event() is not None:
                    events.append(envelope.get_event())
        sentry_sdk.init(
            dsn="http://key@localhost/1", transport=Kept, default_integrations=False,
            auto_enabling_integrations=False, integrations=[ThreadingIntegration(propagate_scope=True)],
        )
        threading.excepthook = lambda args: None
        def fail():
            raise LookupError("lost")
        sentry_sdk.set_tag("request", "seven")
        thread = threading.Thread(target=fail, name="the failing one")
        thread.start()
        thread.join()
        class Own(threading.Thread):
            def run(self):
                fail()
        own = Own()
        own.start()
        own.join()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(sentry_sdk.set_tag, "pool", "one").result()
        for event in events:
            (error,) = event["exception"]["values"]
            print(error["type"], error["value"], error["mechanism"]["type"], error["mechanism"]["handled"], event["tags"])
        """,
    )
    assert output == ("LookupError lost threading False {'request': 'seven'}\n" * 2)
