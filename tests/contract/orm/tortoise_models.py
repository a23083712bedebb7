"""What Tortoise's models can be: inheritance, a manager that hides rows."""

from tortoise import fields
from tortoise.manager import Manager
from tortoise.models import Model


class Visible(Manager):
    def get_queryset(self):
        return super().get_queryset().filter(hidden=False)


class Other(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=50)


class Note(Model):
    """Hidden from its own manager."""

    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=50)
    hidden = fields.BooleanField(default=True)
    friend = fields.ForeignKeyField("models.Other", null=True)

    class Meta:
        manager = Visible()


class Letter(Note):
    stamp = fields.CharField(max_length=50, default="")
