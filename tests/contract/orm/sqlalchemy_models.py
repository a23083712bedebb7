"""What SQLAlchemy's models can be: keys of other names and several columns, inheritance of two kinds, dataclasses."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, relationship

TEXT = String(50)


class Base(AsyncAttrs, DeclarativeBase):
    pass


class Other(MappedAsDataclass, Base):
    __tablename__ = "other"
    text: Mapped[str] = mapped_column(TEXT)
    id: Mapped[int] = mapped_column(primary_key=True, init=False)


class Note(Base):
    """The attribute of its key is called otherwise than the column."""

    __tablename__ = "note"
    number: Mapped[int] = mapped_column("id", primary_key=True)
    kind: Mapped[str] = mapped_column(TEXT)
    text: Mapped[str] = mapped_column(TEXT)
    friend_id: Mapped[int | None] = mapped_column(ForeignKey("other.id"))
    friend: Mapped[Other | None] = relationship()
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "note"}


class Letter(Note):
    """It has a table of its own, joined to that of its parent."""

    __tablename__ = "letter"
    number: Mapped[int] = mapped_column("letter_id", ForeignKey("note.id"), primary_key=True)
    stamp: Mapped[str] = mapped_column(TEXT, default="")
    __mapper_args__ = {"polymorphic_identity": "letter"}


class Memo(Note):
    """It lies in the table of its parent."""

    __mapper_args__ = {"polymorphic_identity": "memo"}


class Seat(Base):
    __tablename__ = "seat"
    row: Mapped[int] = mapped_column(primary_key=True)
    letter: Mapped[str] = mapped_column(String(1), primary_key=True)
    text: Mapped[str] = mapped_column(TEXT)
