"""What a type checker must know of tasks. Never run: `test_typing.py` gives it to pyright."""

# pyright: strict

from datetime import datetime, timedelta
from types import CoroutineType
from typing import Any, assert_type

from asynctasq.app.classes import AsyncProcessTask, AsyncTask, SyncProcessTask, SyncTask, TaskConfig
from asynctasq.app.tasks import FunctionCall, task


@task
async def send_email(to: str, subject: str, *, urgent: bool = False) -> int:
    return len(to) + len(subject) + urgent


@task(queue="reports", max_attempts=5, timeout=None, process=True)
def report(number: int) -> str:
    return str(number)


class Charge(AsyncTask[int]):
    config: TaskConfig = {"queue": "charges", "max_attempts": 10}

    def __init__(self, cents: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.euros = cents / 100

    async def execute(self) -> int:
        return self._current_attempt

    def should_retry(self, exception: Exception) -> bool:
        return isinstance(exception, OSError)

    async def failed(self, exception: Exception) -> None:
        assert_type(self._task_id, str | None)
        assert_type(self._dispatched_at, datetime | None)


class Fetch(SyncTask[bytes]):
    url: str

    def execute(self) -> bytes:
        return self.url.encode()

    async def should_retry(self, exception: Exception) -> bool:
        return True

    async def failed(self, exception: Exception) -> None:
        pass


class Resize(SyncProcessTask[None]):
    def execute(self) -> None:
        pass

    def failed(self, exception: Exception) -> None:
        pass


class Analyse(AsyncProcessTask[list[float]]):
    async def execute(self) -> list[float]:
        return []


async def functions() -> None:
    assert_type(report(1), FunctionCall[str])
    assert_type(report(1).execute(), str)
    assert_type(report.__wrapped__(1), str)
    assert_type(send_email("ann", "hi", urgent=True), FunctionCall[CoroutineType[Any, Any, int]])
    assert_type(await send_email("ann", subject="hi").execute(), int)
    assert_type(await send_email("ann", "hi").delay(60).dispatch(), str)
    assert_type(report(1).on_queue("a").delay(timedelta(hours=1)).options(priority=3), FunctionCall[str])
    assert_type(report(1).options(connection=object()).delay(1), FunctionCall[str])
    assert_type(report(1).dispatch_sync(), str)


async def classes() -> None:
    charge = Charge(cents=100)
    charge.config["correlation_id"] = "request-7"
    assert_type(charge.timeout(None).max_attempts(3).retry_after(1).visibility_timeout(60), Charge)
    assert_type(charge.options(connection=object(), priority=1), Charge)
    assert_type(charge.euros, float)
    assert_type(await charge.execute(), int)
    assert_type(await charge.dispatch(), str)
    await charge.failed(ValueError())
    assert_type(Fetch(url="http://localhost").execute(), bytes)
    assert_type(await Analyse().execute(), list[float])
    Resize().execute()
