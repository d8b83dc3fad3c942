"""What an object store's refusal means, in one sentence with what to do about it.

By the words of the stores and of the library, which has one kind of error for most of them.
"""

from __future__ import annotations

from catalog_pipeline.errors import StorageError

_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")
_NO_CREDENTIALS = ("169.254.169.254", "metadata.google", "credential", "NoCredential")
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
_AWAY = ("error sending request", "Server returned non-2xx status code: 5", "timed out", "connect")
_CAUSES = (
    (_NO_BUCKET, "there is no such bucket. Make it, or name another one in CATALOG_PIPELINE_DATA"),
    (
        _NO_CREDENTIALS,
        "no credentials were found. Put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
        "into the variables of your store",
    ),
    (
        _REFUSED,
        "the store refuses the credentials, or they may not do this. Look at AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or at the rights that go with them",
    ),
    (
        _AWAY,
        "the store does not answer, or has no time. Look at it, and at AWS_ENDPOINT_URL if it is "
        "not Amazon's. Nothing recorded is lost; run again when it answers",
    ),
)
_MOST_CHARACTERS = 300


def told(act: str, place: str, error: Exception) -> StorageError:
    """The error that says what could not be done with what, and why."""
    text = str(error)
    for signs, cause in _CAUSES:
        if any(sign in text for sign in signs):
            return StorageError(f"Cannot {act} {place}: {cause}.")
    first = (text.splitlines() or [type(error).__name__])[0][:_MOST_CHARACTERS]
    return StorageError(
        f"Cannot {act} {place}: {first}. Nothing recorded is lost; mend it and run again."
    )
