"""The blocks of the guide to function-based tasks."""

from tests.acceptance.guides.block import Block
from tests.acceptance.guides.fillings import (
    CUSTOM_REDIS,
    DJANGO,
    DJANGO_ROWS,
    PROBE,
    PROBE_IT,
    SQLALCHEMY_ROWS,
    TASK,
    TASK_FUNCTION,
    TORTOISE_ROWS,
)

API = "https://api.example.com"
SITE = "https://example.com"
SEND_EMAIL = 'await send_email(to="ann@example.com", subject="Hello").dispatch()'

BLOCKS = [
    Block(
        "5e5dc5cea77d",
        "async default fetch_data, thread default fetch_web_page, async process default process_video_async, "
        "process default heavy_computation",
        "default, default, default",
        front="import aiofiles\nimport httpx",
        host=SITE,
        main="""
await fetch_data("https://example.com/data").dispatch()
await fetch_web_page("https://example.com/page").dispatch()
await heavy_computation([1.0, 1.0]).dispatch()
""",
    ),
    Block("b8eeb9f13cdb", "async default send_notification", "default", brokers="redis"),
    Block("033a737544d3", "thread default process_data", "default", brokers="redis"),
    Block(
        "839ae9e5c1c2",
        "process default heavy_computation",
        "default",
        front=TASK,
        main="await heavy_computation([1.0, 1.0]).dispatch()",
    ),
    Block("c2e86fe46b1e", "async default simple_task", "default", main="await simple_task().dispatch()"),
    Block(
        "be8b7a236d52",
        "async emails send_email",
        "emails",
        main='await send_email("ann@example.com", "Hello", body="Hello, Ann").dispatch()',
    ),
    Block(
        "4a63a7166f9e",
        "async emails send_email, async payments process_payment, async notifications send_push_notification",
        "emails, payments, notifications",
        main="""
await send_email("ann@example.com", "Hello").dispatch()
await process_payment(9.5, user_id=1).dispatch()
await send_push_notification(1, "Hello").dispatch()
""",
    ),
    Block(
        "b0da52759aa5",
        "async payments charge_credit_card, async validation validate_data, async api-calls call_external_api",
        "payments, validation, api-calls",
        main="""
await charge_credit_card("card-1", 9.5).dispatch()
await validate_data({"name": "Ann"}).dispatch()
await call_external_api("/users").dispatch()
""",
    ),
    Block(
        "18fb7ff231d5",
        "async quick quick_operation, async reports generate_report, async background background_cleanup",
        "quick, reports, background",
        main="""
await quick_operation().dispatch()
await generate_report(1).dispatch()
await background_cleanup().dispatch()
""",
    ),
    Block(
        "a8f6b454d3ac",
        "async critical critical_operation",
        "critical",
        main='await critical_operation({"key": 1}).dispatch()',
    ),
    Block(
        "957377614688",
        "async process ml-inference run_ml_inference, process data-processing process_large_dataset",
        "ml-inference, data-processing",
        back="def run_model(model, data):\n    return len(model), data",
        main="""
await process_large_dataset([1.0, 1.0]).dispatch()
await run_ml_inference(__file__, [1.0]).dispatch()
""",
    ),
    Block("57fb1a5a24ef", "async emails send_email", "emails"),
    Block("e6cba23bee0f", "async reminders send_reminder", "reminders +60"),
    Block("bb40e230671e", "async default process_items", "default"),
    Block("a596dd8e360d", "async default update_user", "default"),
    Block("1c3943105cd4", "async api fetch_user_data", "api", host=API, main="await fetch_user_data(1).dispatch()"),
    Block(
        "1ee5397f2206",
        "thread web-scraping fetch_web_page",
        "web-scraping",
        host=SITE,
        main='await fetch_web_page("https://example.com/page").dispatch()',
    ),
    Block(
        "5f263e182ab6",
        "async process video-processing process_video_async",
        "video-processing",
        back="async def process_frames(data):\n    return data.count(b'frames')",
        main="await process_video_async(__file__).dispatch()",
    ),
    Block(
        "41f03c1880ff",
        "process data-processing process_large_dataset",
        "data-processing",
        main="await process_large_dataset([1.0, 1.0]).dispatch()",
    ),
    Block(
        "eaccb730ca02",
        "async default fetch_data, thread default scrape_page, async process default ml_inference_async, "
        "process default heavy_math",
        "default, default, default",
        front="import aiofiles\nimport httpx",
        host=SITE,
        main="""
await fetch_data("https://example.com/data").dispatch()
await scrape_page("https://example.com/page").dispatch()
await heavy_math([[2.0]]).dispatch()
""",
    ),
    Block(
        "3a81baa6b98f", "async asynctasqs async_operation, thread sync-tasks sync_operation", "asynctasqs, sync-tasks"
    ),
    Block(
        "f908fb197ce7",
        "async critical critical_task, async aws-tasks aws_task, async normal normal_task",
        "critical, aws-tasks, normal",
        brokers="redis, sqs",
        main="""
await critical_task({"key": 1}).dispatch()
await aws_task("eu-central-1").dispatch()
await normal_task("text").dispatch()
""",
    ),
    Block(
        "a698fca83339",
        "async custom custom_driver_task",
        reason="its message goes to the driver that it makes, which the worker does not serve",
        needs="redis",
        front="import os",
        edits=[("'redis://custom-host:6379'", "os.environ['ASYNCTASQ_REDIS_URL']")],
        back=CUSTOM_REDIS,
    ),
    Block(
        "a7f38e9b801b",
        "async default-queue redis_task, async postgres-queue postgres_task, async sqs-queue sqs_task",
        "default-queue, postgres-queue, sqs-queue",
        brokers="redis, postgres, sqs",
        main="""
await redis_task("text").dispatch()
await postgres_task("text").dispatch()
await sqs_task("text").dispatch()
""",
    ),
    Block(
        "1bd3b58a94b1",
        "async emails send_welcome_email, async orders process_order",
        "emails, orders",
        edits=[("postgresql+asyncpg://user:pass@localhost/db", "sqlite+aiosqlite:///sqlalchemy.db")],
        back=SQLALCHEMY_ROWS,
    ),
    Block(
        "96176e18b11f",
        "async emails send_welcome_email, async products update_product_price",
        "emails, products",
        front=DJANGO,
        back=DJANGO_ROWS,
    ),
    Block(
        "f3a0251103cd",
        "async notifications notify_new_post",
        "notifications",
        back=TORTOISE_ROWS,
    ),
    Block(
        "ca0e988a97fd",
        "async default task_function",
        "queue +60",
        front=TASK_FUNCTION,
        awaits=True,
    ),
    Block("b16c5e59c6da", "async default process_data", "default +60"),
    Block("ebf889819025", "async default send_notification", "high-priority, low-priority +300"),
    Block("4671e947f90e", "async api call_api", "api"),
    Block("ef19533d9fae", "async default complex_task", "critical +30"),
    Block("0dffc8f8ed67", "async default flexible_task", "high-priority +60"),
    Block(
        "b35da480c6b1",
        "async notifications send_notification",
        "notifications",
        main='await send_notification(1, "Hello").dispatch()',
    ),
    Block(
        "34a0bfa010fa",
        "async reports generate_report",
        "reports",
        main='await generate_report([{"id": 1, "name": "Ann", "email": "ann@example.com"}]).dispatch()',
    ),
    Block(
        "f64fc0f9b065",
        "async emails send_email, async payments process_payment, process data-processing process_large_dataset",
        "emails, payments",
        main="""
await send_email("ann@example.com", "Hello", "Hello, Ann").dispatch()
await process_payment(1, 9.5, currency="EUR").dispatch()
assert process_large_dataset(7).execute()["dataset_id"] == 7
""",
    ),
    Block(
        "756fa55cb94b",
        "async api call_external_api",
        "api",
        host=SITE,
        main='await call_external_api("https://example.com/users").dispatch()',
    ),
    Block(
        "7aec09229603",
        "async webhooks deliver_webhook",
        "webhooks",
        host=SITE,
        main='await deliver_webhook("https://example.com/webhook", payload={"user_id": 1}).dispatch()',
    ),
    Block("6c45c4377052", "async emails send_email", "emails, emails +3600"),
    Block("4e455b3672ab", "async payments process_payment", "payments"),
    Block("5ebd56f6ca27", "thread reports generate_report", "reports"),
    Block("62d6aeb3bcfc", "async images process_image", "images"),
    Block("850a3a11c5ac", "async webhooks deliver_webhook", "webhooks", host=SITE),
    Block("c69143447485", "async sync sync_user_data", "sync +300"),
    Block("f4e38bb1b36c", "async batch process_batch", "batch"),
    Block(
        "139340df800c",
        "async emails send_email, async payments process_payment, thread reports generate_report, "
        "async default critical_task",
        "emails, emails +30, emails +60, payments, reports",
        brokers="redis",
    ),
    Block("86728469854e", "async default probe", "default", back=PROBE, main=PROBE_IT),
    Block(
        "b077a7eeed02",
        "async emails send_email",
        "emails",
        main=SEND_EMAIL,
    ),
    Block("670ee14ed113", "async emails send_email", "emails", after=[47, 48], awaits=True),
    Block("1c58c633d74e", "async default probe", "default", brokers="redis", back=PROBE, main=PROBE_IT),
    Block(
        "2e713fb3df72",
        "async emails send_email",
        "emails",
        main=SEND_EMAIL,
    ),
    Block("670ee14ed113", "async emails send_email", "emails", after=[50, 51], awaits=True, brokers="redis"),
    Block(
        "0667b8037e57",
        "async default task_function",
        "high-priority +60",
        front=TASK_FUNCTION,
        awaits=True,
    ),
    Block(
        "8b903c907ea4",
        "async api call_external_api",
        "api",
        host=SITE,
        front="import httpx\nfrom asynctasq import task",
        main='await call_external_api("https://example.com/users").dispatch()',
    ),
    Block(
        "faa8d3b0f941",
        "async default send_welcome_email",
        "default",
        front="""
from dataclasses import dataclass

from asynctasq import task

@dataclass
class User:
    id: int

@task
async def send_welcome_email(user):
    assert user == User(7)

async def create_user(email, name):
    return User(7)

async def store_task_reference(user_id, kind, task_id):
    assert user_id == 7
""",
        main='await create_user_account("ann@example.com", "Ann")',
    ),
]
