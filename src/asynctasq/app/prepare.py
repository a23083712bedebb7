"""From a task that somebody wants run to the message that a queue is given."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from asynctasq.app.codec import Codec
from asynctasq.app.definition import TaskDefinition
from asynctasq.app.headers import headers_of
from asynctasq.app.names import why_unreachable
from asynctasq.app.sendable import Sendable, Sending, attributes_set_later, id_to_send, sending
from asynctasq.app.signing import Signer
from asynctasq.app.task_config import checked_config
from asynctasq.domain.errors import BodyTooLarge, NotSendable
from asynctasq.domain.message import Message
from asynctasq.domain.options import Options
from asynctasq.domain.retry import RetryPolicy

MAX_BODY_BYTES = 1024 * 1024


@frozen
class _Plan:
    """What is the same for every dispatch of a task with the same options."""

    queue: str
    priority: int
    policy: RetryPolicy
    headers: Mapping[str, str]


class Preparer:
    """Any thread may use it at any time. `defaults` are the `task_defaults` settings."""

    def __init__(
        self,
        codec: Codec,
        defaults: Mapping[str, object],
        new_id: Callable[[], str],
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        signer: Signer | None = None,
    ) -> None:
        self._codec = codec
        self._defaults = defaults
        self._new_id = new_id
        self._max_body_bytes = max_body_bytes
        self._signer = signer
        self._plans: dict[TaskDefinition, _Plan] = {}

    def prepare(self, task: Sendable) -> Message:
        """Raises `NotSendable`, `BodyTooLarge` or `ConfigurationError`; else the task knows its id."""
        state = sending(task)
        if state.attributes is not None:
            self._refuse_losses(task, state)
        plan = self._plan(task, state)
        body = self._body(state)
        message = Message(
            id_to_send(task, self._new_id),
            plan.queue,
            task=state.definition.name,
            body=body,
            headers=plan.headers,
            delay_seconds=state.delay_seconds,
            policy=plan.policy,
            priority=plan.priority,
        )
        if self._signer is not None:
            self._signer.sign(message)
        return message

    def _refuse_losses(self, task: Sendable, state: Sending) -> None:
        lost = attributes_set_later(task)
        if lost:
            raise NotSendable(
                f"{state.definition.name}: {', '.join(lost)} set after construction would not reach the worker: "
                "pass it as an argument, or begin its name with '_' if only this process needs it"
            )

    def _plan(self, task: Sendable, state: Sending) -> _Plan:
        definition = state.definition
        if state.chain or task.config != definition.config:
            return self._new_plan(definition, checked_config(task.config, definition.name), state.chain)
        plan = self._plans.get(definition)
        if plan is None:
            plan = self._plans[definition] = self._new_plan(definition, definition.config, {})
        return plan

    def _new_plan(self, definition: TaskDefinition, config: Mapping[str, object], chain: Mapping[str, object]) -> _Plan:
        problem = why_unreachable(definition.name)
        if problem:
            raise NotSendable(problem)
        given: dict[str, Any] = {**self._defaults, **config, **chain}
        given.pop("driver", None)
        options = Options(**given)
        return _Plan(options.queue, options.priority, options.policy(), headers_of(options))

    def _body(self, state: Sending) -> bytes:
        try:
            body = self._codec.encode(state.args, state.kwargs)
        except NotSendable as error:
            raise self._culprit(state, error) from error
        if len(body) > self._max_body_bytes:
            raise self._too_large(state, len(body))
        return body

    def _culprit(self, state: Sending, refusal: NotSendable) -> NotSendable:
        """The refusal again, with the name of the first argument that cannot travel on its own."""
        definition = state.definition
        for name, value in definition.named(state.args, state.kwargs).items():
            try:
                self._codec.encode((value,), {})
            except NotSendable as error:
                path = str(error).removeprefix("[0][0]")  # from the body to this argument
                return NotSendable(f"{definition.name}: {name}{path}")
        return NotSendable(f"{definition.name}: {refusal}")

    def _too_large(self, state: Sending, size: int) -> BodyTooLarge:
        arguments = state.definition.named(state.args, state.kwargs)
        sizes = {name: len(self._codec.encode((value,), {})) for name, value in arguments.items()}
        largest = max(sizes, key=lambda name: sizes[name])
        return BodyTooLarge(
            f"{state.definition.name}: the arguments take {size} bytes, {sizes[largest]} of them {largest!r}; "
            f"{self._max_body_bytes} are allowed: store it elsewhere and send where it is"
        )
