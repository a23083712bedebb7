"""A made-up ORM whose rows lie on a shelf in this process, and which notes what it is asked."""

from contextlib import asynccontextmanager, contextmanager

from asynctasq.domain.errors import NotSendable, Unavailable
from asynctasq.ports.models import ModelLoader, ModelRef


class Book:
    """Equal to nothing but itself."""

    def __init__(self, key, title="", *, saved=True):
        self.key = key
        self.title = title
        self.saved = saved


class Shelf(ModelLoader):
    def __init__(self, *, blocking=False, surrounds=False):
        self.titles = {}
        self.blocking = blocking
        self.surrounds = surrounds
        self.asked = 0
        self.loads = []
        self.open = 0
        self.down = False
        self.fails_to_close = False

    def put(self, key, title):
        self.titles[key] = title
        return Book(key, title)

    def reference(self, value):
        self.asked += 1
        if not isinstance(value, Book):
            return None
        if not value.saved:
            raise NotSendable("this Book is not saved")
        key = value.key if isinstance(value.key, tuple) else (value.key,)
        return ModelRef(f"{Book.__module__}:Book", key)

    def knows(self, model):
        if model.endswith(":Gone"):
            raise LookupError(model)
        return model == f"{Book.__module__}:Book"

    async def resolve(self, references):
        return self.found(references)

    @asynccontextmanager
    async def load(self, references, *, share_session):
        with self.opened(references, share_session) as models:
            yield models

    def load_blocking(self, references, *, share_session):
        return self.opened(references, share_session) if self.blocking else None

    @contextmanager
    def opened(self, references, share_session):
        self.loads.append((len(references), share_session))
        if self.down:
            raise Unavailable("the shelf is down")
        self.open += 1
        try:
            yield self.found(references)
        finally:
            self.open -= 1
            if self.fails_to_close:
                raise RuntimeError("it does not close")

    def found(self, references):
        return {each: Book(each.key[0], self.titles[each.key[0]]) for each in references if each.key[0] in self.titles}

    @property
    def surrounds_every_task(self):
        return self.surrounds

    def enter_child(self):
        pass

    async def close(self):
        pass
