"""A log of witness-log that has its checkpoints cosigned.

Without a witness it only says its key. With one it submits at two sizes, once more with the wrong size, and once
with a proof that proves nothing; it says each status, and how many cosignatures the library takes for good.
"""

import base64
import json
import sys
import urllib.error
import urllib.request

import witness_log

asked = json.load(sys.stdin)
log = witness_log.WitnessLog.resume(bytes.fromhex(asked["seed"]), 0)
origin = log.canonical_origin()
steps = []


def post(body):
    request = urllib.request.Request(asked["witness"] + "/add-checkpoint", body.encode())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def cosigned(old_size):
    status, text = post(log.add_checkpoint_body(old_size))
    public = base64.b64decode(asked["key"].split("+", 2)[2])[1:]
    taken = log.dossier_from_responses([(public.hex(), text)])[1] if status == 200 else None
    steps.append([status, taken if status == 200 else text if status == 409 else None])


if "witness" in asked:
    log.append_intent(b"one")
    log.append_result(b"two")
    cosigned(0)
    for payload in (b"three", b"four", b"five"):
        log.append_intent(payload)
    cosigned(2)
    cosigned(2)
    log.append_intent(b"six")
    head, checkpoint = log.add_checkpoint_body(5).split("\n\n", 1)
    first = head.split("\n")[0]
    status, _ = post(first + "\n" + "AAAA" * 10 + "AAA=\n\n" + checkpoint)
    steps.append([status, None])

print(json.dumps({"origin": origin, "log": log.c2sp_vkey(origin), "steps": steps}))
