"""A program of a user of SQLAlchemy. `sell` dispatches, `change` changes the rows, a worker imports the tasks."""

import sys

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncAttrs, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

from asynctasq import run, task


class Base(AsyncAttrs, DeclarativeBase): ...


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


engine = create_async_engine("sqlite+aiosqlite:///shop.db", poolclass=NullPool)
Base._asynctasq_session_factory = sessions = async_sessionmaker(engine, expire_on_commit=False)
statements = []
event.listen(engine.sync_engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))


@task
async def on_loop(item):
    print("loop", item.text, flush=True)


@task
def in_thread(item):
    print("thread", item.text, flush=True)


@task(process=True)
def in_child(item):
    print("child", item.text, flush=True)


@task(process=True)
async def on_loop_of_child(item):
    print("loop of child", item.text, flush=True)


@task(queue="count")
async def count(items):
    print(len(items), "items,", len(statements), "statements", flush=True)
    statements.clear()


async def sell():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions() as session:
        items = [Item(text="then") for _ in range(100)]
        gone = Item(id=1000, text="gone")
        session.add_all([*items, gone])
        await session.commit()
    for each in (on_loop, in_thread, in_child, on_loop_of_child):
        await each(items[0]).dispatch()
    await on_loop(gone).dispatch()
    for each in ([], items):
        await count(each).dispatch()


async def change():
    async with sessions() as session:
        (await session.get_one(Item, 1)).text = "now"
        await session.delete(await session.get_one(Item, 1000))
        await session.commit()


if __name__ == "__main__":
    run({"sell": sell, "change": change}[sys.argv[1]]())
