"""What an object store's refusal means, in one sentence with what to do about it.

By the words of the stores and of the library, which has one kind of error for most of them; never
by the names of buckets and files, which say anything.
"""

from __future__ import annotations

import re

from catalog_pipeline.errors import StorageError


class ReplacedMeanwhileError(StorageError):
    """An object is another one than when it was looked at."""


_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")
_GIVER_OF_CREDENTIALS = ("169.254.169.254", "169.254.170.2", "metadata.google.internal")
"""What is asked last by whoever has none."""
_NO_CREDENTIALS = ("credential", "NoCredential")
_REFUSED = (
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidClientTokenId",
    "403 Forbidden",
    "401 Unauthorized",
    "AuthenticationFailed",
)
_AWAY = (
    "error sending request",
    "request or response body error",
    "Server returned non-2xx status code: 5",
    "timed out",
    "tcp connect error",
    "error trying to connect",
)
_LACKING = (
    "no credentials were found. Put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
    "into the variables of your store"
)
_WRONG_CLOCK = ("RequestTimeTooSkewed", "RequestExpired")
_FULL = ("InsufficientStorage", "507 Insufficient Storage", "QuotaExceeded", "StorageFull")
_ELSEWHERE = (
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "IllegalLocationConstraintException",
    "redirect without LOCATION",
)
_CAUSES = (
    (_WRONG_CLOCK, "the clock of this machine is not that of the store. Set it"),
    (_FULL, "the store is full. Make room there; nothing recorded is lost, run again then"),
    (
        _ELSEWHERE,
        "the bucket is in another region, or at another address. Look at AWS_REGION and "
        "AWS_ENDPOINT_URL",
    ),
    (_NO_BUCKET, "there is no such bucket. Make it, or name another one in CATALOG_PIPELINE_DATA"),
    (_GIVER_OF_CREDENTIALS, _LACKING),
    (
        _REFUSED,
        "the store refuses the credentials, or they may not do this. Look at AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or at the rights that go with them",
    ),
    (_NO_CREDENTIALS, _LACKING),
    (
        _AWAY,
        "the store does not answer, or has no time. Look at it, and at AWS_ENDPOINT_URL if it is "
        "not Amazon's. Nothing recorded is lost; run again when it answers",
    ),
)
_DETAILS = "\n\nDebug source:"
_REQUEST = "Error performing "
"""What is before it names the object."""
_URL = re.compile(r"https?://([^\s/:?<>\"]+)\S*")
_ANSWER = re.compile(r"<.*>", re.DOTALL)
_CODE = re.compile(r"<Code>(\w+)</Code>")
_MOST_CHARACTERS = 300


def told(act: str, place: str, error: Exception) -> StorageError:
    """The error that says what could not be done with what, and why."""
    words = _words(error)
    code = _CODE.search(str(error))
    for signs, cause in _CAUSES:
        if any(sign in words for sign in signs):
            says = f" (the store says {code[1]})" if code else ""
            return StorageError(f"Cannot {act} {place}: {cause}{says}.")
    first = (str(error).splitlines() or [type(error).__name__])[0][:_MOST_CHARACTERS]
    if code:
        first = f"the store says {code[1]}"
    return StorageError(
        f"Cannot {act} {place}: {first}. Nothing recorded is lost; mend it and run again."
    )


def is_of_bucket(error: Exception) -> bool:
    """Whether what is not there is the bucket."""
    return any(sign in _words(error) for sign in _NO_BUCKET)


def _words(error: Exception) -> str:
    """What is said of the cause: without names, and of an answer its code alone."""
    summary = str(error).partition(_DETAILS)[0]
    cause = summary.rpartition(_REQUEST)[2]
    return _URL.sub(_giver, _ANSWER.sub(_code, cause))


def _code(answer: re.Match[str]) -> str:
    found = _CODE.search(answer[0])
    return found[1] if found else ""


def _giver(url: re.Match[str]) -> str:
    return url[1] if url[1] in _GIVER_OF_CREDENTIALS else ""
