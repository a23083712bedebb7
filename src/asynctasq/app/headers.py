"""What of a dispatch travels in a message's headers, written and read in one place. All of it is text."""

from asynctasq.app.task_config import TaskConfig
from asynctasq.domain.message import Message
from asynctasq.domain.options import MissingModel, Options

USUAL_VISIBILITY_SECONDS = 3600


def headers_of(options: Options) -> dict[str, str]:
    """The headers that are the same for every dispatch with these options."""
    headers: dict[str, str] = {}
    if options.correlation_id is not None:
        headers["correlation_id"] = options.correlation_id
    if options.timeout is not None:
        headers["timeout"] = repr(float(options.timeout))
    if options.visibility_timeout != USUAL_VISIBILITY_SECONDS:
        headers["visibility_timeout"] = repr(float(options.visibility_timeout))
    if options.on_missing_model != "dead":
        headers["on_missing_model"] = options.on_missing_model
    if options.share_session:
        headers["share_session"] = "1"
    return headers


def on_missing_model(message: Message) -> MissingModel:
    """What is to become of the task if the row of a model is gone; what cannot be read is as if it were not there."""
    match message.headers.get("on_missing_model"):
        case "none":
            return "none"
        case "retry":
            return "retry"
        case _:
            return "dead"


def share_session(message: Message) -> bool:
    """Whether all models of the task are to be in one session."""
    return message.headers.get("share_session") == "1"


def config_of(message: Message) -> TaskConfig:
    """The settings that this dispatch was sent with, whatever the class or decorator says here."""
    policy = message.policy
    config: TaskConfig = {
        "queue": message.queue,
        "max_attempts": policy.max_attempts,
        "retry_delay": policy.delay_seconds,
        "retry_strategy": "exponential" if policy.factor > 1 else "fixed",
        "timeout": seconds(message, "timeout"),
        "visibility_timeout": seconds(message, "visibility_timeout") or USUAL_VISIBILITY_SECONDS,
        "priority": message.priority,
        "on_missing_model": on_missing_model(message),
        "share_session": share_session(message),
    }
    if "correlation_id" in message.headers:
        config["correlation_id"] = message.headers["correlation_id"]
    return config


def seconds(message: Message, header: str) -> float | None:
    """A header that is a length of time, None if it is not there; raises ValueError if it is no number."""
    text = message.headers.get(header)
    return None if text is None else float(text)
