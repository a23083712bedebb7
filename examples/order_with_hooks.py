"""A class with hooks: which failures are worth another attempt, and what to do when there is none.

With a worker in a burst it prints:
    order 1: 2 books packed
    order 2: the shelf is empty on attempt 1
    order 2: the shelf is empty on attempt 2
    order 2 is refunded: no books
    order 3 is refunded: nobody orders -1 books
"""

from asynctasq import AsyncTask, TaskConfig, dispatch_many, run


class OutOfStock(Exception):
    pass


class PackOrder(AsyncTask[None]):
    config: TaskConfig = {"queue": "orders", "max_attempts": 2, "retry_delay": 0.1}

    order: int
    books: int

    async def execute(self) -> None:
        if self.books < 0:
            raise ValueError(f"nobody orders {self.books} books")
        if self.books > 10:
            print(f"order {self.order}: the shelf is empty on attempt {self._current_attempt}")
            raise OutOfStock("no books")
        print(f"order {self.order}: {self.books} books packed")

    def should_retry(self, exception: Exception) -> bool:
        return isinstance(exception, OutOfStock)

    async def failed(self, exception: Exception) -> None:
        print(f"order {self.order} is refunded: {exception}")


async def main() -> None:
    await dispatch_many([PackOrder(order=1, books=2), PackOrder(order=2, books=50), PackOrder(order=3, books=-1)])


if __name__ == "__main__":
    run(main())
