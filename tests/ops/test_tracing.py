"""Traces, received by a collector on this machine."""

import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from structlog.contextvars import bound_contextvars

from bot.app.stops import StopError
from bot.ops.instrumentation import Instrumentation, Operation
from bot.ops.tracing import tracing
from bot.settings import Settings
from tests.ops.collector import collecting


@dataclass
class FakeProcess:
    """The part of a process that tracing needs."""

    settings: Settings
    owner: str = "host:1:abc"
    instrumentation: Instrumentation = field(default_factory=Instrumentation)


def process_with(url: str | None) -> Any:
    return FakeProcess(Settings.model_validate({"traces_url": url} if url else {}))


def spans(bodies: list[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for body in bodies:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                found |= {span.name: span for span in scope.spans}
    return found


def facts(span: Any) -> dict[str, str | int]:
    return {
        attribute.key.removeprefix("dateline."): attribute.value.string_value
        or attribute.value.int_value
        for attribute in span.attributes
    }


async def test_spans_are_nested_and_have_the_ids_of_their_work():
    async with collecting() as collector:
        process = process_with(f"{collector.base}/v1/traces")
        async with tracing(process):
            with (
                process.instrumentation.observe(Operation.STAGE, "send") as round_,
                bound_contextvars(delivery=17),
            ):
                round_.done = 1
                with process.instrumentation.observe(Operation.SEND, "telegram") as observation:
                    observation.outcome = "chat_blocked"

    found = spans(collector.bodies)
    stage, send = found["stage send"], found["send telegram"]
    assert send.parent_span_id == stage.span_id
    assert facts(send)["delivery"] == 17
    assert facts(send)["outcome"] == "chat_blocked"


async def test_a_round_without_work_has_no_span():
    async with collecting() as collector:
        process = process_with(f"{collector.base}/v1/traces")
        async with tracing(process):
            with process.instrumentation.observe(Operation.STAGE, "poll"):
                pass
            with process.instrumentation.observe(Operation.FETCH, "feed", host="a.example"):
                pass

    assert set(spans(collector.bodies)) == {"fetch feed"}


async def test_a_span_names_the_kind_of_an_error_without_its_message():
    def failing(process: Any) -> None:
        with process.instrumentation.observe(Operation.STAGE, "match"):
            raise ValueError("somebody's words")

    async with collecting() as collector:
        process = process_with(f"{collector.base}/v1/traces")
        async with tracing(process):
            with pytest.raises(ValueError, match="words"):
                failing(process)

    assert spans(collector.bodies)["stage match"].status.message == "ValueError"
    assert b"somebody" not in b"".join(collector.bodies)


async def test_without_the_setting_nothing_is_observed():
    process = process_with(None)

    async with tracing(process):
        assert process.instrumentation.observers == []


async def test_missing_libraries_are_named_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(StopError, match=r"pip install 'dateline\[traces\]'"):
        async with tracing(process_with("http://127.0.0.1:1/v1/traces")):
            pass
