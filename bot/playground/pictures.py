"""What Telegram refuses about a photo. PNG is the one kind that is read here."""

import struct

from bot.playground.answers import bad_request

LARGEST = 10 * 1024 * 1024  # bytes
LONGEST_SIDES = 10_000  # width and height together
STEEPEST = 20  # the longer side by the shorter
_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">8s4x4sII")


def picture_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels; raises the Refusal of what is no photo."""
    if len(content) > LARGEST:
        raise bad_request("file is too big")
    if len(content) < _HEADER.size:
        raise bad_request("IMAGE_PROCESS_FAILED")
    signature, chunk, width, height = _HEADER.unpack_from(content)
    if (signature, chunk) != (_PNG, b"IHDR"):
        raise bad_request("IMAGE_PROCESS_FAILED")
    shorter, longer = sorted((width, height))
    if not shorter or width + height > LONGEST_SIDES or longer > STEEPEST * shorter:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return width, height
