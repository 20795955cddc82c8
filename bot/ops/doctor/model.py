"""The language model: its server, its name, its latency, and the tokens of the day."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from bot.model.client import ModelError
from bot.model.evidence import ModelReport
from bot.model.prompt import ask_about
from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

if TYPE_CHECKING:
    from bot.model.client import ModelClient
    from storage.model_texts import ModelDay

SLOW_SECONDS: Final = 20.0
_NEARLY: Final = 0.9
_SAMPLE: Final = ModelReport("Example Times", "en", "Taiwan opens consulate in Fukuoka")


async def check_model(client: ModelClient) -> list[Finding]:
    """Ask for the list of models, then for one short translation, which is timed.

    The call costs some hundred tokens, which do not count for the day.
    """
    try:
        names = await client.models()
        began = monotonic()
        await client.ask(ask_about([_SAMPLE], "de", "headlines"))
    except ModelError as error:
        sentence = f"The language model at MODEL_URL gives no answer: {error.reason}."
        remedy = "Check MODEL_URL, MODEL_NAME and MODEL_KEY. Digests go on without it."
        return [unhealthy("model.refused", sentence, remedy)]
    return judge_model(client.name, names, monotonic() - began)


def judge_model(name: str, names: list[str], seconds: float) -> list[Finding]:
    """Judge a server that lists the models *names* (none if it lists none)."""
    findings = [healthy("model.reached", f"The language model answers in {seconds:.1f} seconds.")]
    if names and name not in names:
        sentence = f"The server does not list the model {name}."
        findings.append(warning("model.unlisted", sentence, "Check MODEL_NAME."))
    if seconds > SLOW_SECONDS:
        sentence = f"The language model took {seconds:.0f} seconds for one headline."
        remedy = "Choose a smaller model: only what is made before a digest is due is shown."
        findings.append(warning("model.slow", sentence, remedy))
    return findings


def judge_budget(today: ModelDay, budget: int) -> Finding:
    used = today.used + today.reserved
    if used >= _NEARLY * budget:
        sentence = f"The language model has used {used:,} of {budget:,} tokens today."
        remedy = "Digests show no more translations today. Raise MODEL_DAILY_TOKENS."
        return warning("model.budget", sentence, remedy)
    return healthy("model.tokens", f"The language model used {used:,} tokens of {budget:,} today.")
