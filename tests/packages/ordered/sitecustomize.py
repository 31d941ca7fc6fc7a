"""Lets every interpreter that has this folder on its path run on weftline and watch the order of
locks. What it finds is appended to the file that the environment names.
"""

import os

import weftline
from weftline import watch


def _append(text):
    with open(os.environ["WEFTLINE_TEST_INVERSIONS"], "a", encoding="utf-8") as file:
        file.write(text)


watch.lock_order()
weftline.install()
watch.on_inversion(_append)
