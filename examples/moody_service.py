"""Three ways for a task to say what happens next: later, again after a pause of its own, never.

With a worker in a burst it prints:
    night on attempt 1: come back in the morning
    night on attempt 1: good morning
    busy on attempt 1: asked to wait a moment
    busy on attempt 2: it works
    gone on attempt 1: there is nothing to come back to
"""

from asynctasq import AsyncTask, Reject, RetryIn, Snooze, TaskConfig, dispatch_many, run

asked: set[str] = set()
"""Whom this worker has asked before; in earnest the service would know."""


class Ask(AsyncTask[None]):
    config: TaskConfig = {"max_attempts": 2}

    service: str

    async def execute(self) -> None:
        first_time = self.service not in asked
        asked.add(self.service)
        match self.service:
            case "gone":
                self.say("there is nothing to come back to")
                raise Reject("410 Gone")  # dead now
            case "night" if first_time:
                self.say("come back in the morning")
                raise Snooze(0.1)  # costs no attempt
            case "busy" if first_time:
                self.say("asked to wait a moment")
                raise RetryIn(0.1)  # costs one
            case "night":
                self.say("good morning")
            case _:
                self.say("it works")

    def say(self, text: str) -> None:
        print(f"{self.service} on attempt {self._current_attempt}: {text}")


async def main() -> None:
    await dispatch_many([Ask(service="night"), Ask(service="busy"), Ask(service="gone")])


if __name__ == "__main__":
    run(main())
