"""The environment variables that an image or a service may set."""

from bot.settings import Settings

SETTINGS = {name.upper() for name in Settings.model_fields}
# Those that other programs in the image read.
OTHERS = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "MPLCONFIGDIR"}
OTHERS |= {"PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_CACHE_DIR", "PIP_NO_COMPILE"}


def is_known(variable: str) -> bool:
    return variable in OTHERS or variable.removesuffix("_FILE") in SETTINGS
