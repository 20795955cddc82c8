import asyncio

from bot.ops.doctor.examining import Check, examine
from bot.ops.doctor.findings import healthy


async def test_checks_run_side_by_side_and_their_findings_keep_the_order():
    second_has_begun = asyncio.Event()

    async def first():
        await second_has_begun.wait()
        return [healthy("a.well", "First.")]

    async def second():
        second_has_begun.set()
        return [healthy("b.well", "Second.")]

    found = await examine([Check("a", first), Check("b", second)])

    assert [finding.sentence for finding in found] == ["First.", "Second."]


async def test_a_check_that_hangs_or_breaks_hides_no_other():
    async def hangs():
        await asyncio.Event().wait()
        return []

    async def breaks():
        raise ZeroDivisionError("with a secret in it")

    async def works():
        return [healthy("c.well", "Well.")]

    checks = [Check("the moon", hangs, seconds=0.01), Check("zero", breaks), Check("c", works)]
    found = await examine(checks)

    assert [finding.code for finding in found] == ["check.slow", "check.broke", "c.well"]
    assert "the moon" in found[0].sentence
    assert "secret" not in found[1].sentence
