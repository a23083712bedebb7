"""What a type checker must refuse: a comment that silences nothing is itself an error here."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from asynctasq.app.classes import AsyncTask, TaskConfig
from asynctasq.app.tasks import task


@task(queue="emails")
async def send_email(to: str, subject: str) -> str:
    return to + subject


class Charge(AsyncTask[int]):
    def __init__(self, cents: int) -> None:
        super().__init__()
        self.cents = cents

    async def execute(self) -> int:
        return self.cents


class Mistaken(AsyncTask[int]):
    async def execute(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return ""


send_email("ann")  # pyright: ignore[reportCallIssue]
send_email("ann", 7)  # pyright: ignore[reportArgumentType]
send_email("ann", "hi", body="text")  # pyright: ignore[reportCallIssue]
send_email("ann", "hi").delay("soon")  # pyright: ignore[reportArgumentType]
send_email("ann", "hi").options(colour="red")  # pyright: ignore[reportCallIssue]
Charge("much")  # pyright: ignore[reportArgumentType]
Charge(euros=1)  # pyright: ignore[reportCallIssue]
task(queue=7)  # pyright: ignore[reportArgumentType]
task(quue="emails")  # pyright: ignore[reportCallIssue]
config: TaskConfig = {"quue": "emails"}  # pyright: ignore[reportAssignmentType]
