"""Imports all of the bot, once, in the server from which tests fork its processes."""

import importlib
import os
import pkgutil

import bot
from bot.app.aiogram_models import import_aiogram

# Otherwise NumPy starts a thread for each further core, and a fork has none of them.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import_aiogram()
for module in pkgutil.walk_packages(bot.__path__, "bot."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
