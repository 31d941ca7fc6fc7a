"""Shared parts of the tests: the implementation under test, threads whose sleep can be observed,
programs with a time limit.
"""
