"""This host as the tests drive it, over its real capabilities: a line of JSON for each question and each answer.

    {"id": 1, "clock": 1790000000}                                      null: the machine's own
    {"id": 2, "call": "login.begin", "connection": …, "arguments": […]} without a connection: no capability

`arguments` are all of them, in the contract's names; see tests/src/hosts.rs for the answers.
"""

import json
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sso_host import Capabilities, Fault, HttpClient, Plugin, Refusal, SqliteStorage

about = json.loads(sys.argv[1])
clock = None
telling = threading.Lock()


def tell(line: dict) -> None:
    with telling:
        print(json.dumps(line), flush=True)


def answer(question: dict) -> None:
    global clock
    line = {"id": question["id"]}
    if "clock" in question:
        clock = question["clock"]
        tell(line)
        return
    connection, name, arguments = question["connection"], question["call"], question["arguments"]
    try:
        if connection:
            line["value"] = plugin.call(connection, name, *arguments[1:])
        else:
            line["value"] = plugin.pure(name, *arguments)
    except Refusal as refusal:
        line["refusal"] = refusal.answer
    except Fault as fault:
        line["fault"] = str(fault)
    tell(line)


with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(16) as pool:
    plugin = Plugin.load(
        about["component"],
        Capabilities(
            storage=SqliteStorage(os.path.join(folder, "storage.db")),
            client_secret=lambda _: about["client-secret"],
            http=HttpClient(deadline=about["deadline"], danger_allow_loopback=True),
            clock=lambda: int(time.time()) if clock is None else clock,
            log=lambda event: tell({"event": event}),
        ),
    )
    for question in sys.stdin:
        pool.submit(answer, json.loads(question))
