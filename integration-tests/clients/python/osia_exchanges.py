"""Validates every request and response between adapter and register with openapi-core against OSIA's OpenAPI file.

    osia_exchanges.py <OSIA's file> <folder of exchanges> <statuses that must be among them, with commas>
"""

import collections
import json
import sys
from urllib.parse import parse_qsl, urlsplit

import yaml
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

import exchanges

class Request:
    """What openapi-core asks of a request."""

    def __init__(self, exchange, host):
        self.host_url = host
        self.path = urlsplit(exchange["target"]).path
        self.full_url_pattern = host + self.path
        self.method = exchange["method"].lower()
        query = parse_qsl(urlsplit(exchange["target"]).query, keep_blank_values=True)
        headers = Headers([("Authorization", exchange["authorization"] or "")])
        self.parameters = RequestParameters(query=ImmutableMultiDict(query), header=headers, cookie=ImmutableMultiDict())
        self.content_type = exchange["requestType"] or ""
        self.body = exchange["request"].encode() or None


class Response:
    """What openapi-core asks of a response."""

    def __init__(self, exchange):
        self.status_code = exchange["status"]
        self.content_type = (exchange["responseType"] or "").split(";")[0]
        self.headers = Headers()
        self.data = exchange["response"].encode()


def main():
    # YAML reads a status as a number; the keys of an OpenAPI document are texts.
    document = json.loads(json.dumps(yaml.safe_load(open(sys.argv[1]))))
    contract, host = OpenAPI.from_dict(document), document["servers"][0]["url"].rstrip("/")
    wrong, checked, seen = [], 0, collections.Counter()
    for exchange in exchanges.read(sys.argv[2]):
        checked += 1
        request, response = Request(exchange, host), Response(exchange)
        what = f"{exchange['method']} …{request.path.rsplit('/', 1)[-1][:8]} -> {exchange['status']}"
        seen[exchange["status"]] += 1
        try:
            # openapi-core does not know an object spread over the query (`explode`): schemathesis covers that one.
            if request.path != "/v1/persons":
                contract.validate_request(request)
            if response.content_type == "multipart/mixed":
                if not exchange["response"].count("%PDF-1.4"):
                    wrong.append(f"{what}: no PDF in the multipart")
            elif response.data:
                contract.validate_response(request, response)
            elif exchange["status"] not in (401, 403, 404, 415):
                wrong.append(f"{what}: no body")
        except Exception as error:  # whatever the library finds
            cause = getattr(error, "__cause__", None)
            wrong.append(f"{what}: {error!r} {cause!r} {json.dumps(exchange)[:300]}")
    for status in map(int, sys.argv[3].split(",")):
        if not seen[status]:
            wrong.append(f"no exchange with status {status} was recorded")
    exchanges.report("OSIA exchanges", checked, wrong)


main()
