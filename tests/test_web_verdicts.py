"""The page of `weftline web` on a deadlock, a starved pool, and a busy server without a verdict."""

from support.web import needs_chromium, on_linux, page_of, text, texts, watched

pytestmark = [on_linux, needs_chromium]


def test_a_deadlock_stands_out():
    with watched("deadlocked") as program, page_of(program) as page:
        page.until("document.querySelector('.verdict.alarm')")
        verdict = text(page, "#verdicts")
        assert "Likely deadlock: 2 threads wait for each other" in verdict
        assert '"to Bob" waits for Lock "account of bob", held by "to Alice"' in verdict
        assert page.value("document.title").startswith("◆ ")
        # Four nodes of the ring, and the workers as one.
        assert page.value("document.querySelectorAll('.node .alarm.body').length") == 4
        assert "8 threads" in texts(page, ".node .name")
        first, second = page.value(
            "[...document.querySelectorAll('#threads-table tbody tr.alarm')].map((it) => it.innerText)"
        )
        assert "to Bob" in first and "account of bob" in first
        assert "to Alice" in second and "deadlocked.py:21 in transfer" in second


def test_a_starved_pool_stands_out():
    with watched("starved") as program, page_of(program) as page:
        page.until("document.querySelector('.verdict.alarm')")
        assert "Starved pool: its 4 workers wait for tasks, and 12 tasks wait" in text(
            page, "#verdicts"
        )
        assert "pool 1" in texts(page, ".node .name")
        assert "4 of 4" in text(page, "#pools tbody")
        assert page.value("model.points.at(-1).p['1']") == [4, 4, 12]
        assert "Now pool 1: 12" in page.value(
            "[...document.querySelectorAll('.chart')].map((it) => it.ariaLabel).find((it) => it.startsWith('Waiting tasks'))"
        )


def test_a_busy_server_has_no_verdict():
    with watched("server") as program, page_of(program, is_dark=True) as page:
        page.until("model.points.filter((it) => it.p['1']?.[0] > 0).length > 2")
        assert "No deadlock" in text(page, "#verdicts")
        page.until(
            "document.querySelector('#queues tbody')?.innerText.includes('log lines')"
        )
        assert not page.value("document.querySelector('.verdict.alarm')")
