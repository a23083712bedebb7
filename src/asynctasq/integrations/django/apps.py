"""Wires the default application from the settings of a Django project."""
# Django ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from typing import Any

from django.apps import AppConfig
from django.conf import settings

from asynctasq.app.current import init


class AsynctasqConfig(AppConfig):
    """`ASYNCTASQ = {...}` in the project's settings is what `init` is given; without it nothing is given."""

    name = "asynctasq.integrations.django"
    label = "asynctasq"
    verbose_name = "AsyncTasQ"

    def ready(self) -> None:
        given: dict[str, Any] | None = getattr(settings, "ASYNCTASQ", None)
        if given is not None:
            init(given)
