"""What the tests share: the implementation under test, threads that can be watched, programs that
are bounded in time.
"""
