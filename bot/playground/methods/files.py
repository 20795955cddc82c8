"""Files that were uploaded."""

from bot.playground.answers import bad_request
from bot.playground.call import Call

LARGEST = 20 * 1024 * 1024  # bytes that a bot may download


def get_file(call: Call) -> dict[str, object]:
    file = call.world.files.find(call.params["file_id"])
    if file is None:
        raise bad_request("invalid file_id")
    if len(file.upload.content) > LARGEST:
        raise bad_request("file is too big")
    return file.to_api() | {"file_path": file.path}


METHODS = {"getFile": get_file}
