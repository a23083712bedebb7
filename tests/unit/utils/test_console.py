import subprocess
import sys

from asynctasq.utils import console


def test_the_names_of_the_guides_are_there():
    assert console.__all__ == ["Panel", "Syntax", "Table", "console", "print"]
    assert all(hasattr(console, name) for name in console.__all__)


def test_importing_the_package_loads_no_rich():
    code = "import asynctasq, sys; sys.exit('rich' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
