"""The page of `weftline web` with many threads, and with threads of hostile names."""

import pytest
from support.dumped import running
from support.web import MANY, needs_chromium, on_linux, page_of, texts

pytestmark = [on_linux, needs_chromium]


@pytest.mark.parametrize("count", [200, 3000])
def test_many_threads_are_few_nodes_and_rows_and_the_filter_finds_each(count):
    with running(MANY, count) as program, page_of(program) as page:
        page.until(f"model.threads.size === {count + 1}")
        page.until(f"model.parts.summary.blocked === {count}")
        nodes = texts(page, ".node .name")
        assert len(nodes) < 8 and f"{count // 4} threads" in nodes, nodes
        shown = len(texts(page, "td.name button"))
        assert shown == min(200, count + 1)
        assert page.value("document.getElementById('more').hidden") == (
            shown == count + 1
        )
        # The filter goes through all threads, also those without a row.
        page.press("/")
        for key in f"thread-{count - 1}":
            page.press(key)
        assert texts(page, "td.name button") == [f"thread-{count - 1}"]


HOSTILE = """
import threading, sys
event = threading.Event()
for name in NAMES:
    threading.Thread(target=event.wait, daemon=True, name=name).start()
print("ready", flush=True)
sys.stdin.read()
import os; os._exit(0)
"""


def test_names_of_threads_are_shown_as_text():
    names = [
        "<script>window.hurt = 1</script>",
        "<img src=x onerror='window.hurt = 2'>",
        "</text></svg><script>window.hurt = 3</script>",
        "\"' onclick=window.hurt=4 x='",
        "&lt;b&gt; ]]> <!--",
        "\u202eright to left\u0000",
        "__proto__",
        "{{nonce}}",
    ]
    with running(f"NAMES = {names!r}\n{HOSTILE}") as program, page_of(program) as page:
        page.until(f"model.threads.size === {len(names) + 1}")
        shown = texts(page, "td.name button")
        assert {it for it in names if "\0" not in it} < set(shown)
        assert (
            page.value(
                "document.querySelectorAll('#canvas script, #canvas img, table img').length"
            )
            == 0
        )
        page.until("model.version > 3")
        assert page.value("window.hurt") is None
