"""Downloads, and the pictures that Telegram accepts as a photo."""

import struct

from bot.playground.api.parameters import Call
from bot.playground.errors import bad_request

LARGEST_PHOTO = 10 * 1024 * 1024  # bytes
LONGEST_SIDES = 10_000  # width and height together
HIGHEST_RATIO = 20  # of the longer side to the shorter
_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">8s4x4sII")


def picture_size(content: bytes) -> tuple[int, int]:
    """Return width and height in pixels; raise Telegram's error for a photo that it rejects."""
    if len(content) > LARGEST_PHOTO:
        raise bad_request("file is too big")
    if len(content) < _HEADER.size:
        raise bad_request("IMAGE_PROCESS_FAILED")
    signature, chunk, width, height = _HEADER.unpack_from(content)
    if (signature, chunk) != (_PNG, b"IHDR"):
        raise bad_request("IMAGE_PROCESS_FAILED")
    shorter, longer = sorted((width, height))
    if not shorter or width + height > LONGEST_SIDES or longer > HIGHEST_RATIO * shorter:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return width, height


LARGEST_DOWNLOAD = 20 * 1024 * 1024  # bytes that a bot may download


def get_file(call: Call) -> dict[str, object]:
    file = call.world.files.find(call.params["file_id"])
    if file is None:
        raise bad_request("invalid file_id")
    if len(file.upload.content) > LARGEST_DOWNLOAD:
        raise bad_request("file is too big")
    return file.to_api() | {"file_path": file.path}


METHODS = {"getFile": get_file}
