"""`python manage.py asynctasq_worker`: the worker, with the settings, models and tasks of this project."""
# Django ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import runpy
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand

from asynctasq.integrations.django import tasks


class Command(BaseCommand):
    """Takes every argument of `asynctasq worker`, beside those that all commands of Django have."""

    help = "Runs tasks. Takes the arguments of `asynctasq worker`, which `asynctasq worker --help` lists."

    def run_from_argv(self, argv: Sequence[str]) -> None:
        """Django's own arguments have done their work by now; all others are for the worker."""
        _, others = self.create_parser(argv[0], argv[1]).parse_known_args(argv[2:])
        self.handle(*others)

    def handle(self, *arguments: str, **_: Any) -> None:
        sys.argv = ["asynctasq", "worker", "--app", tasks.__name__, *arguments]
        runpy.run_module("asynctasq", run_name="__main__")
