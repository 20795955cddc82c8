"""OpenTelemetry traces, sent to the collector at TRACES_URL by OTLP over HTTP.

Each fetch, read, update, call, send and each round of a stage that did something is a span. A span
has the ids of its log lines, and hosts, but never a title, an address or text from users.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

from structlog.contextvars import get_contextvars

from bot.app.stops import StopError
from bot.ops.instrumentation import FAILED, IDS, OK, Operation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Tracer

    from bot.app.resources import ProcessContext
    from bot.ops.instrumentation import Observation

EXPORT_SECONDS: Final = 3  # also when the process stops, for which it has ten in all
_IDLE: Final = "dateline.idle"


class Tracing:
    """An observer that makes a span of each operation."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def observe(self, observation: Observation) -> Iterator[None]:
        from opentelemetry.trace import StatusCode

        with self._tracer.start_as_current_span(
            f"{observation.operation} {observation.name}",
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            finally:
                span.set_attributes(_attributes(observation))
                if observation.outcome == FAILED:
                    span.set_status(StatusCode.ERROR, observation.error)


def _attributes(observation: Observation) -> dict[str, str | int | bool]:
    known: Mapping[str, Any] = get_contextvars()
    ids = {name: known[name] for name in IDS if known.get(name) is not None}
    facts = {**ids, **observation.facts, "outcome": observation.outcome}
    if observation.operation is Operation.STAGE:
        facts |= {
            "done": observation.done,
            "idle": observation.outcome == OK and not observation.done,
        }
    return {f"dateline.{name}": value for name, value in facts.items()}


@asynccontextmanager
async def tracing(process: ProcessContext) -> AsyncIterator[None]:
    """Send traces during the block; raise StopError if the libraries are not installed."""
    url = process.settings.traces_url
    if url is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise StopError(
            "TRACES_URL needs a library that is not installed: pip install 'dateline[traces]', "
            "or an image with EXTRAS=1."
        ) from error

    class BusySpans(BatchSpanProcessor):
        """Leaves out idle rounds, of which there are several each second."""

        def on_end(self, span: ReadableSpan) -> None:
            if not (span.attributes or {}).get(_IDLE):
                super().on_end(span)

    names = {"service.name": "dateline", "service.instance.id": process.owner}
    provider = TracerProvider(resource=Resource.create(names), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=url.get_secret_value(), timeout=EXPORT_SECONDS)
    provider.add_span_processor(BusySpans(exporter))
    process.instrumentation.add(Tracing(provider.get_tracer("dateline")))
    try:
        yield
    finally:
        await asyncio.to_thread(provider.shutdown)
