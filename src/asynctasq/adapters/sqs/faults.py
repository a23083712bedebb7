"""The errors of AWS and of the way there in words: what happened, to what, and what to do."""

from collections.abc import Mapping
from typing import Any

from asynctasq.domain.errors import Unavailable

_ABSENT = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
_EXISTING = frozenset({"QueueAlreadyExists", "QueueNameExists"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "KMS.AccessDeniedException"})
_NOBODY = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "MissingAuthenticationToken",
        "OptInRequired",
        "UnrecognizedClientException",
    }
)
_SKEWED = frozenset({"InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch"})


class NoSuchQueue(Unavailable):
    """There is no such queue on SQS, or none any more."""


class QueueExists(Unavailable):
    """There is such a queue, with other attributes."""


class Denied(Unavailable):
    """These credentials may not do this."""


class Unknown(Unavailable):
    """There are no credentials, or AWS does not know them."""


def no_credentials(place: str) -> Unavailable:
    """None were given and none found."""
    return Unknown(
        f"{place}: no AWS credentials were found: set ASYNCTASQ_SQS_AWS_ACCESS_KEY_ID and …_SECRET_ACCESS_KEY, "
        "or one of the places where the AWS SDK looks for them"
    )


def refused(place: str, verb: str, answer: Mapping[str, Any]) -> Unavailable:
    """`answer` is how the service explains an error."""
    error = answer.get("Error", {})
    code, text = str(error.get("Code", "")), str(error.get("Message", ""))
    said = f"{place}: {verb}: {code}: {text}"
    if code in _ABSENT:
        return NoSuchQueue(said)
    if code in _EXISTING:
        return QueueExists(said)
    if code in _DENIED:
        return Denied(f"{said}: allow it in the policy of these credentials")
    if code in _NOBODY:
        return Unknown(f"{said}: check the access key, its secret and the region")
    if code in _SKEWED:
        return Unavailable(f"{said}: check the secret of the access key and this machine's clock")
    return Unavailable(said)
