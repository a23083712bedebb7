"""One file: a SQLAlchemy model as an argument. Then `asynctasq worker --burst` in the same folder.

The row is changed after the dispatch; the task gets it as it is when it runs. Together that prints:
    queued for ada@example.org
    now it is lovelace@example.org
    writing to lovelace@example.org
"""

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from asynctasq import run, task


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


engine = create_async_engine("sqlite+aiosqlite:///users.db")
Base._asynctasq_session_factory = sessions = async_sessionmaker(engine, expire_on_commit=False)


@task(queue="emails")
async def write_to(user: User) -> None:
    print(f"writing to {user.email}")


async def main() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions() as session:
        user = User(email="ada@example.org")
        session.add(user)
        await session.commit()
        await write_to(user).dispatch()
        print(f"queued for {user.email}")

        user.email = "lovelace@example.org"
        await session.commit()
        print(f"now it is {user.email}")
    await engine.dispose()


if __name__ == "__main__":
    run(main())
