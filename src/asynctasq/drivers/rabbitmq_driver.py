"""The import path of the guides."""

from asynctasq.plugins import require

require("rabbitmq", "pamqp")

from asynctasq.adapters.rabbitmq.queue import RabbitmqQueue as RabbitMQDriver  # noqa: E402 - it needs what was asked for

__all__ = ["RabbitMQDriver"]
