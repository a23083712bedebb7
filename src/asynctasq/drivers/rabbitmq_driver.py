"""The import path of the guides."""

from asynctasq.adapters.rabbitmq.queue import RabbitmqQueue as RabbitMQDriver

__all__ = ["RabbitMQDriver"]
