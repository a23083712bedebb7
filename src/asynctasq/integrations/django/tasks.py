"""What a worker of a Django project imports: its settings, its models and the `tasks` module of each of its apps.

`asynctasq worker --app asynctasq.integrations.django.tasks` does the same as `python manage.py asynctasq_worker`, with
`DJANGO_SETTINGS_MODULE` in the environment. Child processes import it too, and have Django set up by that.
"""
# Django ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import django
from django.apps import apps
from django.utils.module_loading import autodiscover_modules

if not apps.ready:
    django.setup()
autodiscover_modules("tasks")
