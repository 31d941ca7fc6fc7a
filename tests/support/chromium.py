"""Headless Chromium, driven through the pipe of its DevTools protocol."""

import base64
import contextlib
import functools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

LONG = 60

# The protocol has the numbers 3 and 4. Both are copied first, since one may be the other.
TAKE_PIPES = """
import os, sys
read, write = (os.dup(os.dup(int(number))) for number in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""

NAMES = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"

# The keys whose effect the browser itself has.
CODES = {
    "Enter": 13,
    "Escape": 27,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


@functools.cache
def why_not():
    """Why there is no Chromium; None if there is one."""
    if not any(map(shutil.which, NAMES)):
        return f"none of {', '.join(NAMES)} is installed"
    return None


class Page:
    """A page of a browser that runs. `it.messages` has the errors and warnings of its console."""

    def __init__(self, read, write):
        self._read, self._write = read, write
        self._rest, self._number = b"", 0
        self._session = None
        self.messages = []
        target = self._call("Target.createTarget", url="about:blank")
        found = self._call("Target.attachToTarget", flatten=True, **target)
        self._session = found["sessionId"]
        for domain in "Page", "Runtime", "Log":
            self._call(f"{domain}.enable")

    def _call(self, method, **parameters):
        self._number += 1
        call = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            call["sessionId"] = self._session
        os.write(self._write, json.dumps(call).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _next(self):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], LONG)
            assert ready, "Chromium does not answer"
            part = os.read(self._read, 1 << 20)
            assert part, "Chromium has ended"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(line)
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.messages.append(message["params"]["exceptionDetails"])
            case "Log.entryAdded" if message["params"]["entry"]["level"] == "error":
                self.messages.append(message["params"]["entry"])
        return message

    def open(self, address, width=1280, height=900, is_dark=False):
        """Goes to an address."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = "dark" if is_dark else "light"
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", features=features)
        self._call("Page.navigate", url=address)
        self.until(
            "location.href !== 'about:blank' && document.readyState === 'complete'"
        )

    def value(self, expression):
        """The value of an expression of JavaScript."""
        done = self._call(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def until(self, expression):
        """Waits until an expression is true."""
        begun = time.monotonic()
        while not self.value(f"!!({expression})"):
            assert time.monotonic() - begun < LONG, (
                expression,
                self.value("document.body.innerText"),
            )
            time.sleep(0.05)

    def press(self, key):
        """Presses and releases a key."""
        text = {"text": key} if len(key) == 1 else {}
        text = {"text": "\r"} if key == "Enter" else text
        code = {"windowsVirtualKeyCode": CODES.get(key, 0)}
        self._call("Input.dispatchKeyEvent", type="keyDown", key=key, **text, **code)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def click(self, selector):
        """Clicks into the middle of an element."""
        place = self.value(
            f"(() => {{ const it = document.querySelector({selector!r});"
            " it.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const box = it.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in "mousePressed", "mouseReleased":
            self._call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place[0],
                y=place[1],
                button="left",
                clickCount=1,
            )

    def save_downloads(self, folder):
        """Has the browser save what it downloads into a folder, without asking."""
        self._call(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder)
        )

    def screenshot(self):
        """The picture of what is seen, as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot")["data"])


@contextlib.contextmanager
def chromium():
    """A page of a browser of its own."""
    program = next(filter(None, map(shutil.which, NAMES)))
    to_browser, from_here = os.pipe()
    to_here, from_browser = os.pipe()

    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                TAKE_PIPES,
                str(to_browser),
                str(from_browser),
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--hide-scrollbars",
                "--remote-debugging-pipe",
                f"--user-data-dir={folder}",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(to_browser, from_browser),
        ) as process,
    ):
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Page(to_here, from_here)
        finally:
            process.kill()
            process.wait()
            os.close(from_here)
            os.close(to_here)
