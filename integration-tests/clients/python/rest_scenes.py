"""Plays scenes with the client of query.py against a running broker, and prints what came of each as one JSON document.

    rest_scenes.py <passport office's client.toml> <bank's client.toml> <fin> <a fin that nobody has>
"""

import copy
import json
import sys
from pathlib import Path

from http_message_signatures import InvalidSignature
from jwcrypto.jws import InvalidJWSSignature

import owners_seal
import query

VITALS = "AZ/GOV/MOH/health-card/vitals/v1"
BIRTH = "AZ/GOV/MOJ/civil-registry/birth/v1"


def vitals(client, fin, purpose="issue-id-document"):
    operands = {"verb": "read", "fields": ["bloodGroup", "height"], "case": "ID-1", "official": "inspector-7"}
    return client.question(VITALS, {"fin": fin}, purpose, **operands)


def code(response):
    """How a verified response reads: its refusal's code, or `answered`."""
    return "answered" if response.ok else response.json()["code"]


def refuses(check):
    """Whether a check refuses what it is given."""
    try:
        check()
    except (InvalidSignature, InvalidJWSSignature, ValueError):
        return True
    return False


def changed(request, body):
    request.body = body
    request.headers["Content-Length"] = str(len(body))
    return request


def answered(office, fin):
    question = vitals(office, fin)
    response = office.ask(question)
    answer = response.json()["answer"]
    opening = response.request.body
    sealed = owners_seal.verified(answer, office.directory, opening)
    return response, {
        "code": code(response),
        "receipt": "Mohur-Receipt" in response.headers,
        "finding": sealed["finding"],
        "owner": sealed["iss"],
        "bloodGroup": sealed["bloodGroup"],
        "height": sealed["height"],
        "readsTheSame": query.disclosed(answer) == {name: sealed[name] for name in ("bloodGroup", "height")},
    }


def forged(office, response, other):
    """What a forger might try on a good answer. Each must be refused by the libraries, or their yes means nothing."""
    answer, opening = response.json()["answer"], response.request.body

    def with_body():
        copied = copy.copy(response)
        copied._content = response.content.replace(b"answer", b"Answer")
        office.verify(copied)

    def for_another_question():
        copied = copy.copy(response)
        copied.request = other.request
        office.verify(copied)

    def with_status():
        copied = copy.copy(response)
        copied.status_code = 201
        office.verify(copied)

    def seal(text, question=opening):
        return lambda: owners_seal.verified(text, office.directory, question)

    jws, *disclosures = answer.split("~")
    height = query.unpadded(json.dumps(["c2FsdHNhbHRzYWx0c2FsdA", "height", 200]).encode())
    return {
        "body": refuses(with_body),
        "binding": refuses(for_another_question),
        "status": refuses(with_status),
        "seal": refuses(seal(jws[:-4] + ("AAAA" if jws[-4:] != "AAAA" else "BBBB") + "~" + "~".join(disclosures))),
        "disclosure": refuses(seal("~".join([jws, height, ""]))),
        "question": refuses(seal(answer, other.request.body)),
        "untouched": not refuses(seal(answer)),
    }


def refused(office, bank, fin, nobody):
    """What the broker refuses, each refusal under its signature."""
    tampered = office.sign(office.request(vitals(office, fin)))
    changed(tampered, tampered.body.replace(b"bloodGroup", b"eyeColour"))

    unsigned = office.request(vitals(office, fin))
    # Without a signature there is none that the refusal could be bound to.
    to_unsigned = office.verify(office.send(unsigned), query.ANSWER + ('"@method";req', '"@authority";req'))

    header = office.sign(office.request(vitals(office, fin)))
    header.headers["Mohur-Service"] = BIRTH

    uncovered = office.request(vitals(office, fin))
    signer = office.signer
    signer.sign(
        uncovered, key_id=office.key_id, label=query.LABEL, nonce="n", body=uncovered.body,
        covered_component_ids=("@method", "@authority", "@target-uri", "mohur-id", "mohur-service"),
    )

    once = office.sign(office.request(vitals(office, fin)))
    office.verify(office.send(once))

    foreign = office.sign(office.request(vitals(office, fin)))
    return {
        "tampered": code(office.verify(office.send(tampered))),
        "unsigned": code(to_unsigned),
        "header": code(office.verify(office.send(header))),
        "uncovered": code(office.verify(office.send(uncovered))),
        "repeated": code(office.verify(office.send(once))),
        "foreign": code(bank.verify(bank.send(foreign))),
        "withheld": code(bank.ask(vitals(bank, fin, "credit-check"))),
        "absent": code(office.ask(vitals(office, nobody))),
    }


def compared(office, nobody):
    """A sealed negative: the civil registry says that there is no such person."""
    operands = {"verb": "match", "values": {"birthDate": "1990-05-06"}, "case": "ID-1", "official": "inspector-7"}
    response = office.ask(office.question(BIRTH, {"fin": nobody}, "issue-id-document", **operands))
    return owners_seal.verified(response.json()["answer"], office.directory, response.request.body)["finding"]


def main():
    office, bank = (query.Client(Path(config)) for config in sys.argv[1:3])
    fin, nobody = sys.argv[3:5]
    response, good = answered(office, fin)
    other, _ = answered(office, fin)
    print(json.dumps({
        "answered": good,
        "forged": forged(office, response, other),
        "refused": refused(office, bank, fin, nobody),
        "negative": compared(office, nobody),
    }))


main()
