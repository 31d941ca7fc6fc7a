"""Lets every interpreter that has this folder on its path run on weftline."""

import weftline

weftline.install()
