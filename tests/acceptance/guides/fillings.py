"""What several blocks leave to their reader, and what is long."""

CONFIG = "from asynctasq import TaskConfig"
TASK = "from asynctasq import task"
PYTEST = "import pytest"

PROBE = """
from asynctasq import task

@task
async def probe():
    pass
"""
"""A task for a block that defines none."""

PROBE_IT = "await probe().dispatch()"

TASK_FUNCTION = """
from asynctasq import task

args = arg1 = arg2 = 1

@task
async def task_function(*values):
    pass

task_func = task_function
"""

SQLALCHEMY_ROWS = """
async def set_up():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with async_session() as session:
        session.add(User(id=1, email="ann@example.com", name="Ann"))
        session.add(Order(id=100, user_id=1, total=9.5))
        await session.commit()

if __name__ == "__main__":
    from asynctasq import run

    async def everything():
        await set_up()
        await main()

    run(everything())
"""

DJANGO = """
import sys

import django
from django.apps import AppConfig
from django.conf import settings

class Shop(AppConfig):
    label = "shop"  # whatever this module is called

settings.configure(
    INSTALLED_APPS=[Shop(__name__, sys.modules[__name__])],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django.db"}},
)
django.setup()
"""

DJANGO_ROWS = """
if __name__ == "__main__":
    from asynctasq import run
    from django.db import connection

    with connection.schema_editor() as editor:
        editor.create_model(User)
        editor.create_model(Product)
    User.objects.create(id=1, email="ann@example.com", name="Ann")
    Product.objects.create(id=5, name="Lamp", price="10.00")
    run(main())
"""

TORTOISE_ROWS = """
from asynctasq import init
from tortoise import Tortoise

TORTOISE = {
    "connections": {"default": "sqlite://tortoise.db"},
    "apps": {"models": {"models": [__name__], "default_connection": "default"}},
}
init({}, tortoise_config=TORTOISE)

if __name__ == "__main__":
    from asynctasq import run

    async def everything():
        await Tortoise.init(config=TORTOISE)
        await Tortoise.generate_schemas()
        author = await User.create(id=1, email="ann@example.com", name="Ann")
        await Post.create(id=10, title="Hello", author=author)
        await main()
        await Tortoise.close_connections()

    run(everything())
"""

CUSTOM_REDIS = """
if __name__ == "__main__":
    from asynctasq import run

    async def dispatch_and_look():
        await main()
        same = RedisDriver(url=os.environ["ASYNCTASQ_REDIS_URL"], password="secret", db=1)
        await same.open()
        assert [(each.name, each.pending) for each in await same.admin.stats()] == [("custom", 1)]
        await same.close()

    run(dispatch_and_look())
"""
