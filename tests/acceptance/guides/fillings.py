"""What several blocks leave to their reader, and what is long."""

CONFIG = "from asynctasq import TaskConfig"
TASK = "from asynctasq import task"
PYTEST = "import pytest"

PROBE = """
from asynctasq import task

@task
async def probe():
    pass
"""
"""A task for a block that defines none."""

PROBE_IT = "await probe().dispatch()"

TASK_FUNCTION = """
from asynctasq import task

args = arg1 = arg2 = 1

@task
async def task_function(*values):
    pass

task_func = task_function
"""

DJANGO = """
import sys

import django
from django.apps import AppConfig
from django.conf import settings

settings.configure(INSTALLED_APPS=[AppConfig(__name__, sys.modules[__name__])])
django.setup()
"""
