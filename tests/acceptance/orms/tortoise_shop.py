"""A program of a user of Tortoise. `sell` dispatches, `change` changes the rows, a worker imports the tasks."""

import logging
import sys

from tortoise import Tortoise, fields
from tortoise.models import Model

from asynctasq import init, run, task

TORTOISE = {
    "connections": {"default": "sqlite://shop.db"},
    "apps": {"models": {"models": [__name__], "default_connection": "default"}},
}
init({}, tortoise_config=TORTOISE)

statements = []
log = logging.getLogger("tortoise.db_client")
log.addFilter(lambda record: record.msg != "%s: %s" or statements.append(record.args[0]))
log.setLevel(logging.DEBUG)
log.propagate = False


class Item(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=50)


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
    await Tortoise.init(config=TORTOISE)
    await Tortoise.generate_schemas()
    items = [await Item.create(text="then") for _ in range(100)]
    gone = await Item.create(id=1000, text="gone")
    for each in (on_loop, in_thread, in_child, on_loop_of_child):
        await each(items[0]).dispatch()
    await on_loop(gone).dispatch()
    for each in ([], items):
        await count(each).dispatch()
    await Tortoise.close_connections()


async def change():
    await Tortoise.init(config=TORTOISE)
    await Item.filter(id=1).update(text="now")
    await Item.filter(id=1000).delete()
    await Tortoise.close_connections()


if __name__ == "__main__":
    run({"sell": sell, "change": change}[sys.argv[1]]())
