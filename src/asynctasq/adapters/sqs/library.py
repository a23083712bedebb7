"""All that is known of aiobotocore, which ships no types. Importing it takes a second: `Connection` does so at need."""

from contextlib import AsyncExitStack
from functools import cache
from typing import Any

import aiohttp
from aiobotocore.config import AioConfig  # pyright: ignore[reportMissingTypeStubs] - there are none
from aiobotocore.session import (  # pyright: ignore[reportMissingTypeStubs]
    get_session,  # pyright: ignore[reportUnknownVariableType]
)
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.loaders import create_loader  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from asynctasq.adapters.sqs.faults import no_credentials, refused
from asynctasq.domain.errors import ConfigurationError, Unavailable

CONNECT_SECONDS = 3.0
READ_SECONDS = 8.0
"""Beyond the longest wait that a call asks for."""
CONNECTIONS = 50


async def client(stack: AsyncExitStack, place: str, **options: str | None) -> Any:
    """One that connects at need, so that a server which comes back is found again. It lives as long as the stack."""
    config = AioConfig(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        # A send that is repeated unasked may arrive twice; who may repeat what is known to our callers.
        retries={"total_max_attempts": 1},
        parameter_validation=False,
    )
    session: Any = get_session()
    session.register_component("data_loader", _loader())
    try:
        return await stack.enter_async_context(session.create_client("sqs", config=config, **options))
    except PartialCredentialsError as error:
        raise no_credentials(place) from error
    except (BotoCoreError, ValueError) as error:  # a region, a profile or an endpoint that cannot be
        raise ConfigurationError(f"{place}: {error}") from error


async def call(client: Any, place: str, verb: str, **parameters: Any) -> Any:
    """What the service answers, or one of the errors that `faults` knows."""
    try:
        # The library makes these methods at run time.
        return await getattr(client, verb)(**parameters)
    except ClientError as error:
        answer: Any = error.response  # pyright: ignore[reportUnknownMemberType]
        raise refused(place, verb, answer) from error
    except NoCredentialsError as error:
        raise no_credentials(place) from error
    except (BotoCoreError, aiohttp.ClientError, OSError) as error:
        raise Unavailable(f"{place}: {verb}: {error}") from error


@cache
def _loader() -> Any:
    """Of the descriptions of AWS's services: reading them again for each client would take a fifth of a second."""
    return create_loader()
