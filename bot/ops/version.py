"""Which version of ours runs here."""

from importlib.metadata import PackageNotFoundError, version


def our_version() -> str:
    try:
        return version("dateline")
    except PackageNotFoundError:
        return "unknown"
