"""The page of `weftline web` in use: its keys, its focus, and the details of a thread."""

from support.web import needs_chromium, on_linux, page_of, text, texts, watched

pytestmark = [on_linux, needs_chromium]


def test_a_thread_shows_its_stack_and_its_place_in_the_picture():
    with watched("deadlocked") as program, page_of(program) as page:
        page.until("document.querySelectorAll('tr.alarm').length === 2")
        page.click("#threads-table tbody button")
        stack = text(page, "tr.details")
        assert "deadlocked.py:21 in transfer" in stack
        assert "holds Lock account of alice" in stack
        assert texts(page, "#canvas .picked .name") == ["to Bob"]
        # The stack stays, and the button keeps the focus, while events come.
        version = page.value("model.version")
        page.until(f"model.version > {version + 1}")
        assert page.value("document.activeElement.textContent") == "to Bob"
        page.press("ArrowDown")
        page.press("Enter")
        page.until(
            "document.querySelector('#canvas .picked .name')?.textContent === 'to Alice'"
        )


ALL_ROWS = "document.querySelectorAll('#threads-table tbody tr').length === 12"


def test_the_filter_leaves_the_threads_of_a_name():
    with watched("deadlocked") as program, page_of(program) as page:
        page.until(ALL_ROWS)
        page.press("/")
        for key in "audit":
            page.press(key)
        assert texts(page, "td.name button") == ["audit"]
        page.press("Escape")
        assert len(texts(page, "td.name button")) == 12


def test_a_node_of_several_threads_leaves_these_alone():
    with watched("deadlocked") as program, page_of(program) as page:
        page.until(ALL_ROWS)
        page.value(
            "[...document.querySelectorAll('.node')].find((it) => it.textContent.includes('8 threads')).focus()"
        )
        page.press("Enter")
        assert len(texts(page, "td.name button")) == 8


def test_keys_freeze_the_page_open_its_help_and_change_its_colours():
    with watched("deadlocked") as program, page_of(program) as page:
        page.press("p")
        assert text(page, "#state") == "frozen: the process is not asked"
        page.press("p")
        page.until("document.querySelector('#state').innerText.startsWith('live')")
        page.press("?")
        assert page.value("document.getElementById('helping').open")
        page.press("Escape")
        page.until("!document.getElementById('helping').open")
        ground = "getComputedStyle(document.body).backgroundColor"
        before = page.value(ground)
        page.press("t")
        page.until(f"{ground} !== {before!r}")
        page.press("t")
        page.until(f"{ground} === {before!r}")


def test_the_picture_stays_while_nothing_changes():
    with watched("deadlocked") as program, page_of(program) as page:
        page.until("document.querySelectorAll('.node .alarm.body').length === 4")
        page.value("window.before = document.querySelector('#canvas svg')")
        (waited, *_) = texts(page, "[data-waited]")
        page.until(
            f"document.querySelector('[data-waited]').textContent !== {waited!r}"
        )
        assert page.value("window.before === document.querySelector('#canvas svg')")


def test_each_control_has_a_name_and_the_picture_is_one_stop_of_the_tab_key():
    with watched("starved") as program, page_of(program) as page:
        page.until("document.querySelector('.node')")
        nameless = page.value(
            "[...document.querySelectorAll('button, a, input, [role=button], [role=img]')]"
            ".filter((it) => !it.hidden && !(it.ariaLabel || it.textContent.trim())).length"
        )
        assert nameless == 0
        # The tab key reaches one node of the picture, and arrows lead from it to the others.
        assert (
            page.value("document.querySelectorAll('.node[tabindex=\"0\"]').length") == 1
        )
        assert page.value("document.documentElement.lang") == "en"
