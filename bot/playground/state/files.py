"""Uploaded files, kept until their total size reaches a limit."""

from collections import OrderedDict
from dataclasses import dataclass

MOST_BYTES = 200 * 1024 * 1024  # of all files together; the oldest go first


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
        while self._used > MOST_BYTES and len(self._files) > 1:
            _, oldest = self._files.popitem(last=False)
            self._used -= len(oldest.upload.content)
        return file

    def find(self, file_id: str) -> StoredFile | None:
        return self._files.get(file_id)

    def find_by_path(self, path: str) -> StoredFile | None:
        return next((file for file in self._files.values() if file.path == path), None)
