import time
from tests.failures.quarters import *

async def test_try(quarters):
    t = time.time()
    w = await quarters.watch("sqlite")
    print("open", time.time() - t); t = time.time()
    number = await report(w.li)
    print("report", time.time() - t); t = time.time()
    await w.shown(number)
    print("shown", time.time() - t); t = time.time()
    await w.accept(number)
    print("accept", time.time() - t); t = time.time()
    await w.li.wait_for("王建国已接单", 5)
    print("told", time.time() - t); t = time.time()
    for label in ("出发", "到了"):
        await w.wang.tap(label).settled()
        print(label, time.time() - t); t = time.time()
    await w.quarter.calm()
    print("calm", time.time() - t); t = time.time()
    print(w.li.transcript()); print(w.wang.transcript()); print(w.robot.group.transcript())
    for m in w.wang.messages: print(m)
    assert 0
