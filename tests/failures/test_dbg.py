import collections
from tests.failures.test_rush import _rush, begin, Builder
import asyncio
async def test_dbg(builder: Builder) -> None:
    s = await begin(builder, "sqlite")
    tg = s.estate.tg
    await s.estate.calm()
    tg.rate_limits = True
    tg.fail_next("sendMessage", chat=s.group, error=429, retry_after=4)
    await s.estate.crowd(30)
    before = s.group.last
    numbers = await _rush(s.estate, 60, urgent={58, 59})
    for _ in range(10):
        await asyncio.sleep(2)
        rows=[]
        for st in ("pending","sending","sent","joined","unknown","failed","held","expired"):
            rows+=[(st,r.kind,r.lane) for r in await s.estate.outbox(st)]
        print(collections.Counter(rows), len(s.group.from_bot), len(tg.violations))
    print(s.estate.program.log[-3000:])
    print("\n----\n".join(m.words[:300] for m in s.group.from_bot))
    print(await s.estate.outbox("pending"))
    assert 0
