"""The blocks of the guide to class-based tasks."""

from tests.acceptance.guides.block import Block
from tests.acceptance.guides.fillings import CONFIG, PROBE, PROBE_IT, PYTEST

API = "https://api.example.com"
SITE = "https://example.com"

BLOCKS = [
    Block("55494a1e2b4a", "async default probe", "default", back=PROBE, main=PROBE_IT),
    Block("8379fe322dbf", "async default SendNotification", "default", brokers="redis"),
    Block("06ce0b8b100d", "async default ProcessData", "default", brokers="redis"),
    Block("f9c4b2c4f622", "async default ProcessData", "default", brokers="redis"),
    Block(
        "6fbd8a76446e",
        "async default BadTask, async default GoodTask",
        "default",
        front=PYTEST,
        edits=[
            ("await BadTask", "async def bad():\n    await BadTask"),
            ("await GoodTask", "async def good():\n    await GoodTask"),
        ],
        main="""
with pytest.raises(ValueError, match="^Parameter name 'config' is reserved"):
    await bad()
await good()
""",
    ),
    Block("6cd086031a38", "async default SimpleTask", "default", main="await SimpleTask().dispatch()"),
    Block(
        "064db8eda501",
        "async emails SendEmail",
        "emails",
        main='await SendEmail(to="ann@example.com", subject="Hello", body="Hello, Ann").dispatch()',
    ),
    Block(
        "e06d364c1bc3",
        "async orders ProcessOrder",
        "orders",
        main="await ProcessOrder(order_id=1, user_id=2).dispatch()",
    ),
    Block(
        "71f6c6f1b83c",
        "async emails Email, async payments Payment, async reports Report, async critical Critical",
        "emails, payments, reports, critical",
        front=PYTEST,
        back="""
class Executable:
    async def execute(self):
        pass

class Email(Executable, SendEmail): ...
class Payment(Executable, ProcessPayment): ...
class Report(Executable, GenerateReport): ...
class Critical(Executable, CriticalTask): ...
""",
        main="""
for bare in (SendEmail, ProcessPayment, GenerateReport, CriticalTask):
    with pytest.raises(TypeError):
        bare()
for complete in (Email, Payment, Report, Critical):
    await complete().dispatch()
""",
    ),
    Block("3f3ad81fc389", "async orders ProcessOrder", "orders", main="await ProcessOrder(order_id=1).dispatch()"),
    Block(
        "5a1d301edd95",
        "async payments ProcessPayment",
        "payments, payments retry, payments dead",
        main="""
await ProcessPayment(user_id=1, amount=9.5).dispatch()
await ProcessPayment(user_id=1, amount=-1.0).dispatch()
await ProcessPayment(user_id=1, amount=-1.0).max_attempts(1).dispatch()
""",
    ),
    Block(
        "be28f5798308",
        "async api CallExternalAPI",
        "api",
        host=SITE,
        main='await CallExternalAPI(url="https://example.com/users").dispatch()',
    ),
    Block(
        "2dba084839c5",
        "async default Invalid, async default Unreachable",
        "default dead, default retry",
        back="""
class Invalid(SmartRetryTask):
    async def execute(self):
        raise ValueError("no number")

class Unreachable(SmartRetryTask):
    async def execute(self):
        raise ConnectionError("nobody there")
""",
        main="await Invalid().dispatch()\nawait Unreachable().dispatch()",
    ),
    Block(
        "8bc967aefdfa",
        "async orders ProcessOrder",
        "orders",
        main="await ProcessOrder(order_id=1, user_id=2).dispatch()",
    ),
    Block("868f235d43a5", "async emails SendEmail", "emails"),
    Block("debe1da300be", "async reminders SendReminder", "reminders +60"),
    Block("c456f81893fa", "async api FetchUserData", "api", host=API, main="await FetchUserData(user_id=1).dispatch()"),
    Block(
        "446bd336060b",
        "thread web-scraping FetchWebPage",
        "web-scraping",
        host=SITE,
        main='await FetchWebPage(url="https://example.com/page").dispatch()',
    ),
    Block(
        "d161df72f241",
        "async process video-processing ProcessVideoAsync",
        "video-processing",
        main="await ProcessVideoAsync(video_path=__file__).dispatch()",
    ),
    Block(
        "f1af8cf2e45c",
        "process data-processing ProcessLargeDataset",
        "data-processing",
        main="await ProcessLargeDataset(data=[1.0, 1.0]).dispatch()",
    ),
    Block(
        "e111fe0de251",
        "async default TaskClass",
        "queue +60",
        front="""
from asynctasq import AsyncTask

value = 1

class TaskClass(AsyncTask[None]):
    async def execute(self):
        pass
""",
        awaits=True,
    ),
    Block("72b64650f1a2", "async default ProcessData", "default +60"),
    Block("4fa268551156", "async default SendNotification", "high-priority, low-priority +300"),
    Block("e0bbea0836dd", "async api CallAPI", "api"),
    Block("9ad93448de4d", "async default ComplexTask", "critical +30"),
    Block("2c0077d99ae0", "async default MyTask", "default", main="await MyTask().dispatch()"),
    Block("446dfba0244c", "async default LoggedTask", "default", main="await LoggedTask().dispatch()"),
    Block("bcc932a55a7b", "async default SmartRetryTask", "default", main="await SmartRetryTask().dispatch()"),
    Block(
        "bff3b15099f5",
        "async orders ProcessOrder, async notifications OrderNotification",
        "orders, notifications",
        main='await handle_user_request(7, "4f1c")',
    ),
    Block("2e4afa4e109d", "async emails SendEmail", "emails, emails +3600", front=CONFIG),
    Block("081f5fd81fc7", "async payments ProcessPayment", "payments", front="from asynctasq import TaskConfig, run"),
    Block("c0b01e69a7cd", "thread reports GenerateReport", "reports"),
    Block("63aa19533a07", "async images ProcessImage", "images"),
    Block("bd1af788310d", "async webhooks DeliverWebhook", "webhooks", host=SITE),
    Block("5ef12a0e99e4", "async sync SyncUserData", "sync +300"),
    Block("1d9042911441", "async batch ProcessBatch", "batch"),
    Block(
        "e4cbbdcc840a",
        "async emails SendEmail, async payments ProcessPayment, thread reports GenerateReport, "
        "async critical CriticalTask",
        "emails, emails +30, emails +60, payments, reports",
        front="from asynctasq import SyncTask, TaskConfig",
        brokers="redis",
    ),
    Block("d6d79313d6de", "async default probe", "default", brokers="redis", back=PROBE, main=PROBE_IT),
    Block(
        "599536d14ddc",
        "async emails SendEmail",
        "emails",
        main='await SendEmail(to="ann@example.com", subject="Hello").dispatch()',
    ),
    Block("dc69687e34fd", "async emails SendEmail", "emails", after=[38, 39], awaits=True, brokers="redis"),
    Block(
        "5bbee0e893f0",
        "async api CallExternalAPI",
        "api",
        host=SITE,
        main='await CallExternalAPI(url="https://example.com/users").dispatch()',
    ),
    Block(
        "d76b01553e23",
        "async emails SendWelcomeEmail",
        "emails",
        back="""
from types import SimpleNamespace

class Accounts(CreateUserAccount):
    async def _create_user(self, email, name):
        return SimpleNamespace(id=7, email=email, name=name)

    async def _store_task_reference(self, user_id, kind, task_id):
        self.stored = user_id, kind, task_id
""",
        main="""
accounts = Accounts()
user = await accounts.create_user("ann@example.com", "Ann")
assert accounts.stored[0] == user.id
""",
    ),
    Block("a1e31cd1495d", "async emails SendEmail", reason="it holds tests, which need no queue", test_count=2),
]
