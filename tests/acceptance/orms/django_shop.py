"""The files of a user of Django, by their names. `sell` dispatches, `change` changes the rows."""

FILES = {
    "settings.py": """
INSTALLED_APPS = ["asynctasq.integrations.django", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}}
TIME_ZONE = "UTC"
ASYNCTASQ = {"task_defaults": {"max_attempts": 1}}
""",
    "manage.py": """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
""",
    "shop/models.py": """
from django.db import models

class Item(models.Model):
    text = models.CharField(max_length=50)
""",
    "shop/tasks.py": """
from asynctasq import AsyncTask, SyncTask, task
from django.db.backends.signals import connection_created

statements = []

def note(execute, sql, params, many, context):
    statements.append(sql)
    return execute(sql, params, many, context)

def watch(connection, **_):
    connection.execute_wrappers[:] = [note]

connection_created.connect(watch)

@task
async def on_loop(item):
    print("loop", item.text, flush=True)

@task
def in_thread(item):
    print("thread", item.text, flush=True)
    item.save()

@task(process=True)
def in_child(item):
    print("child", item.text, flush=True)
    item.save()

@task(process=True)
async def on_loop_of_child(item):
    print("loop of child", item.text, flush=True)
    await item.asave()

class Fails(SyncTask[None]):
    def execute(self):
        raise RuntimeError

    def failed(self, exception):
        self.item.save()
        print("failed", self.item.text, flush=True)

@task(queue="count")
async def count(items):
    print(len(items), "items,", len(statements), "statements", flush=True)
    statements.clear()
""",
    "shop_program.py": """
import os, sys
import django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()
from shop.models import Item
from shop.tasks import Fails, count, in_child, in_thread, on_loop, on_loop_of_child

def sell():
    items = [Item.objects.create(text="then") for _ in range(100)]
    gone = Item.objects.create(id=1000, text="gone")
    for each in (on_loop, in_thread, in_child, on_loop_of_child):
        each(items[0]).dispatch_sync()
    on_loop(gone).dispatch_sync()
    Fails(item=items[0]).dispatch_sync()
    for each in ([], items):
        count(each).dispatch_sync()

def change():
    Item.objects.filter(id=1).update(text="now")
    Item.objects.filter(id=1000).delete()

{"sell": sell, "change": change}[sys.argv[1]]()
""",
}
