"""What models as arguments cost those that have none: `python -m benchmarks.models`.

The same arguments are encoded and read by a codec that knows no ORM and by one that knows three, all imported.
"""

import time
from collections.abc import Callable
from functools import partial

import tortoise.models
from django.db import models
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import DeclarativeBase, Mapped, make_transient_to_detached, mapped_column

from asynctasq.adapters.models.django.loader import DjangoModels
from asynctasq.adapters.models.sqlalchemy.loader import SqlalchemyModels
from asynctasq.adapters.models.tortoise.loader import TortoiseModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.app.codec import Codec
from asynctasq.app.references import Models

ROUNDS = 30
IMPORTED = (models, tortoise.models)


class Base(DeclarativeBase): ...


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)


def items(count: int) -> list[Item]:
    made = [Item(id=number) for number in range(count)]
    for each in made:
        make_transient_to_detached(each)
    return made


def milliseconds(*works: Callable[[], object]) -> list[float]:
    """The best of several rounds; in turn, so that a slow moment of the machine hits all."""
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for index, work in enumerate(works):
            begun = time.perf_counter()
            work()
            best[index] = min(best[index], (time.perf_counter() - begun) * 1000)
    return best


def read(codec: Codec, body: bytes) -> object:
    return codec.references(body), codec.decode(body)


def main() -> None:
    loaders = [each(Classes(main="benchmarks.models")) for each in (SqlalchemyModels, DjangoModels, TortoiseModels)]
    without = Codec(MsgpackSerializer())
    knowing = Codec(MsgpackSerializer(), Models(loaders).refer)
    table = Table("best ms", "knows no ORM", "knows three", title="arguments without models")
    numbers = list(range(50_000))
    for name, value in {"50,000 numbers": numbers, "50,000 texts": [str(each) for each in numbers]}.items():
        body = knowing.encode((value,), {})
        encoding = milliseconds(*(partial(codec.encode, (value,), {}) for codec in (without, knowing)))
        reading = milliseconds(*(partial(read, codec, body) for codec in (without, knowing)))
        table.add_row(f"encode {name}", *(f"{each:.3f}" for each in encoding))
        table.add_row(f"read {name}", *(f"{each:.3f}" for each in reading))
    Console().print(table)
    rows = items(100)
    body = knowing.encode((rows,), {})
    found = dict(zip(knowing.references(body), rows, strict=True))
    encoding, finding, reading = milliseconds(
        lambda: knowing.encode((rows,), {}), lambda: knowing.references(body), lambda: knowing.decode(body, found)
    )
    print(f"100 models: encode {encoding:.3f} ms, find {finding:.3f} ms, read {reading:.3f} ms, {len(body)} bytes")


if __name__ == "__main__":
    main()
