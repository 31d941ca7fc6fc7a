"""What every test can rely on: the process is not left with weftline installed, or uninstalled by accident."""

import pytest
import weftline


@pytest.fixture(autouse=True)
def nothing_stays_installed():
    """Fails a test that leaves the standard modules patched: the next one would test something else."""
    yield
    if weftline.installed():
        weftline.uninstall()
        pytest.fail("the test left weftline installed in the tests' own process")
