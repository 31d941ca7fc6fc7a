"""Lets every interpreter that has this folder on its path run on weftline, as `weftline run` does with the children of a program."""

from weftline import children

children.follow()
