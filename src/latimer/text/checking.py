"""Whether a text from outside can be read at all."""

from __future__ import annotations

from latimer.errors import InputError
from latimer.files import MAX_LINE_BYTES


def check_text(text: str, origin: str) -> None:
    """Raises InputError, which begins with `origin`, for broken Unicode and more than 1 MB."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InputError(f"{origin}: not valid Unicode ({error.reason}); give UTF-8") from error
    if size > MAX_LINE_BYTES:
        raise InputError(f"{origin}: longer than {MAX_LINE_BYTES:,} bytes; cut it up")
