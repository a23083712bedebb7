"""What Django's models can be: several databases, inheritance over tables, managers that hide rows, several key fields.

Importing it configures Django for the process, which only one module can do.
"""
# ruff: noqa: DJ008 - nobody prints them

import atexit
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

import django
from django.conf import settings
from django.db import models
from sqlalchemy import make_url

from tests.servers import URLS

FOLDER = Path(mkdtemp(prefix="asynctasq-django-"))
SCHEMA = f"asynctasq_django_{os.getpid()}"
NOWHERE = FOLDER / "nowhere" / "models.db"
POSTGRES = make_url(URLS["postgres"])

atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
settings.configure(
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "models.db"},
        "postgres": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": POSTGRES.host,
            "PORT": POSTGRES.port,
            "USER": POSTGRES.username,
            "PASSWORD": POSTGRES.password,
            "NAME": POSTGRES.database,
            "OPTIONS": {"options": f"-c search_path={SCHEMA}"},
        },
    },
    USE_TZ=True,
)
django.setup()


class Other(models.Model):
    text = models.CharField(max_length=50)

    class Meta:
        app_label = "orm"


class Visible(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(hidden=False)


class Note(models.Model):
    """Hidden from its own manager, as what is deleted softly is."""

    text = models.CharField(max_length=50)
    hidden = models.BooleanField(default=True)
    friend = models.ForeignKey(Other, null=True, on_delete=models.SET_NULL)

    objects = Visible()

    class Meta:
        app_label = "orm"


class Letter(Note):
    """It has a table of its own, whose key points to that of its parent."""

    stamp = models.CharField(max_length=50, default="")

    class Meta:
        app_label = "orm"


MODELS = [Other, Note, Letter]

if django.VERSION >= (5, 2):

    class Seat(models.Model):
        pk = models.CompositePrimaryKey("row", "letter")
        row = models.IntegerField()
        letter = models.CharField(max_length=1)
        text = models.CharField(max_length=50)

        class Meta:
            app_label = "orm"

    MODELS.append(Seat)
else:
    Seat = None
