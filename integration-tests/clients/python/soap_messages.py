"""Validates what adapters and their SOAP registers say to each other: the envelope by its parts, what the Body and a fault's
detail hold by the schema, with lxml (libxml2).

    soap_messages.py <schema> <folder of exchanges>
"""

import collections
import sys

from lxml import etree

import exchanges

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


def payloads(text):
    """What the schema speaks of in a message: the Body's element, or that in a fault's detail."""
    envelope = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    if envelope.tag != f"{SOAP}Envelope":
        raise ValueError("the root is no envelope")
    [body] = envelope.findall(f"{SOAP}Body")
    [child] = body
    if child.tag != f"{SOAP}Fault":
        return [child]
    parts = [part.tag for part in child]
    if parts[:2] != ["faultcode", "faultstring"]:
        raise ValueError(f"a fault's parts are {parts}")
    return list(child.find("detail"))


def main():
    schema = etree.XMLSchema(etree.parse(sys.argv[1]))
    wrong, seen = [], collections.Counter()
    for exchange in exchanges.read(sys.argv[2]):
        if exchange["method"] != "POST":
            continue
        for text, kind in ((exchange["request"], "requestType"), (exchange["response"], "responseType")):
            if not (exchange[kind] or "").startswith("text/xml"):
                wrong.append(f"{kind} is {exchange[kind]}")
            try:
                for payload in payloads(text):
                    name = etree.QName(payload).localname
                    seen[name] += 1
                    if not schema.validate(payload):
                        wrong.extend(f"{name}: {error.message}" for error in schema.error_log)
            except Exception as error:  # whatever the library finds
                wrong.append(repr(error))
    for name in ("GetRights", "GetRightsResponse", "GetRightsFault"):
        if not seen[name]:
            wrong.append(f"no {name} was recorded")
    exchanges.report("messages of the SOAP register", sum(seen.values()), wrong)


main()
