"""The guides' import path of the queue on Amazon SQS."""

from asynctasq.adapters.sqs.queue import SqsQueue as SQSDriver

__all__ = ["SQSDriver"]
