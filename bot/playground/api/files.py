"""Uploaded files, kept until the room for them is full, and what Telegram accepts as a photo."""

from __future__ import annotations

import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.playground.api.errors import bad_request

if TYPE_CHECKING:
    from bot.playground.api.server import Call


ROOM = 200 * 1024 * 1024  # bytes kept in all


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    file_id: str
    path: str
    upload: Upload

    def to_api(self) -> dict[str, object]:
        return {
            "file_id": self.file_id,
            "file_unique_id": f"u{self.file_id}",
            "file_size": len(self.upload.content),
        }


class Files:
    def __init__(self) -> None:
        self._files: OrderedDict[str, StoredFile] = OrderedDict()
        self._used = 0
        self._last_id = 0

    def store(self, upload: Upload, folder: str) -> StoredFile:
        self._last_id += 1
        name = upload.name.replace("/", "_") or "file"
        file = StoredFile(f"PG{self._last_id:08d}", f"{folder}/file_{self._last_id}_{name}", upload)
        self._files[file.file_id] = file
        self._used += len(upload.content)
        while self._used > ROOM and len(self._files) > 1:
            _, oldest = self._files.popitem(last=False)
            self._used -= len(oldest.upload.content)
        return file

    def find(self, file_id: str) -> StoredFile | None:
        return self._files.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        return next((file for file in self._files.values() if file.path == path), None)


LARGEST_PHOTO = 10 * 1024 * 1024  # bytes
LONGEST_SIDES = 10_000  # width and height together
STEEPEST = 20  # the longer side by the shorter
_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">8s4x4sII")


def picture_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels; raises the ApiError of what is no photo."""
    if len(content) > LARGEST_PHOTO:
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


LARGEST_DOWNLOAD = 20 * 1024 * 1024  # bytes that a bot may download


def get_file(call: Call) -> dict[str, object]:
    file = call.world.files.find(call.params["file_id"])
    if file is None:
        raise bad_request("invalid file_id")
    if len(file.upload.content) > LARGEST_DOWNLOAD:
        raise bad_request("file is too big")
    return file.to_api() | {"file_path": file.path}


METHODS = {"getFile": get_file}
