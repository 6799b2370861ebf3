"""A witness on witness-log's WitnessService: `add-checkpoint` over Python's own HTTP server.

Reads one line of JSON (name, state, origin, log), prints one (url, key), and serves until it is killed.
"""

import http.server
import json
import os
import sys

import witness_log

asked = json.loads(sys.stdin.readline())
if not os.path.exists(asked["state"]):
    witness_log.WitnessService.create_state(asked["state"])
service = witness_log.WitnessService.new(asked["name"], bytes([5] * 32), asked["state"])
service.add_log(asked["origin"], asked["log"])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        status, kind, text = service.handle_add_checkpoint_http(body)
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
address = f"http://127.0.0.1:{server.server_address[1]}"
print(json.dumps({"url": address, "key": service.vkey()}), flush=True)
server.serve_forever()
