"""What a reference saves, against the row itself as pickle would send it."""

import pickle

import pytest
from sqlalchemy.orm import make_transient_to_detached

from asynctasq.adapters.models.django.loader import DjangoModels
from asynctasq.adapters.models.sqlalchemy.loader import SqlalchemyModels
from asynctasq.adapters.models.tortoise.loader import TortoiseModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.app.codec import Codec
from asynctasq.app.references import Models
from tests.contract.orm import django_models, sqlalchemy_models, tortoise_models

KILOBYTE = "x" * 1024


def of_sqlalchemy():
    note = sqlalchemy_models.Note(number=123_456, kind="note", text=KILOBYTE)
    make_transient_to_detached(note)
    note.text = KILOBYTE
    return note


def of_django():
    return django_models.Note.from_db("default", ["id", "text", "hidden", "friend_id"], [123_456, KILOBYTE, True, 1])


def of_tortoise():
    note = tortoise_models.Note(id=123_456, text="short")
    note.text, note._saved_in_db = KILOBYTE, True
    return note


@pytest.mark.parametrize("make", [of_sqlalchemy, of_django, of_tortoise])
def test_a_reference_is_a_tenth_of_a_row_of_a_kilobyte_at_most(make):
    row = make()
    models = Models([each(Classes()) for each in (SqlalchemyModels, DjangoModels, TortoiseModels)])
    codec = Codec(MsgpackSerializer(), models.refer)

    pickled = len(pickle.dumps(row))
    reference = len(codec.encode((row,), {})) - len(codec.encode((None,), {}))

    print(
        f"{make.__name__[3:]}: {pickled} bytes pickled, {reference} as a reference, {1 - reference / pickled:.1%} less"
    )
    assert pickled > 1024
    assert reference <= 0.1 * pickled
