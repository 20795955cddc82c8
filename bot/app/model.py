"""The client of the language model that the settings name, or of the playground's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model.client import ModelClient

if TYPE_CHECKING:
    from bot.app.deployment import Deployment
    from bot.settings import Settings


def make_model_client(settings: Settings, deployment: Deployment | None = None) -> ModelClient:
    """Return the client; the settings win over the playground's model. One of them is there."""
    if settings.model_base:
        key = settings.model_key.get_secret_value() if settings.model_key else ""
        return ModelClient(settings.model_base, settings.model_name or "", key)
    from bot.playground.modelroom.server import NAME

    return ModelClient((deployment and deployment.model_url) or "", NAME)
