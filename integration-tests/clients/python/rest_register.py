"""A register of vehicles as a ministry might have one: JSON over HTTP, of Python's standard library, nothing of ours.

Prints its address. Some plates make it misbehave; see ANSWERS.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


def vehicle(plate, **other):
    return {"plate": plate, "model": {"make": "Škoda"}, "seats": 5, "insured": True, "paid": 12.3, "owner": "5ABCDE1", **other}


ANSWERS = {
    "10AA001": (200, {"vehicles": [vehicle("10AA001")]}),
    "10AA002": (200, {"vehicles": [vehicle("10AA002"), vehicle("10AA002")]}),
    "10AA003": (200, {"cars": []}),
    "10AA004": (200, {"vehicles": [vehicle("10AA004", seats=[5])]}),
    "10AA005": (200, None),
    "10AA006": (200, {"vehicles": [vehicle("10AA001")]}),
    "10AA403": (403, {}),
    "10AA404": (200, {"vehicles": []}),
    "10AA409": (409, {"error": {"code": "stolen"}}),
    "10AA418": (418, {}),
    "10AA503": (503, {}),
}


class Register(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        given = asked["given"]
        right = isinstance(given.get("seats", 0), int) and isinstance(given.get("insured", False), bool)
        if self.path != "/search" or not right or asked["on"] != "2026-05-29":
            return self.answer(400, {})
        self.answer(*ANSWERS[asked["plate"]])

    def do_GET(self):
        split = urlsplit(self.path)
        seen = " ".join([split.path, *(f"{name}={value}" for name, value in parse_qsl(split.query))])
        self.answer(200, {"serial": split.path.split("/")[2], "state": seen})

    def answer(self, status, document):
        body = b"<html>" if document is None else json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Register)
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
