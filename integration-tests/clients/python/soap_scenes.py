"""Plays scenes with zeep against a running broker, and prints what came of each as one JSON document.

    soap_scenes.py <brief: addresses, files and people, JSON>
"""

import base64
import copy
import hashlib
import json
import secrets
import sys
from pathlib import Path

import xmlsec
from lxml import etree
from zeep.exceptions import Fault, SignatureVerificationFailed
from zeep.wsse.signature import BinarySignature, MemorySignature, Signature

import owners_seal
import query
import soap_query
from soap_query import EC, RSA

VITALS = "AZ/GOV/MOH/health-card/vitals/v1"
BIRTH = "AZ/GOV/MOJ/civil-registry/birth/v1"
RSA_512 = {"signature_method": xmlsec.constants.TransformRsaSha512, "digest_method": xmlsec.constants.TransformSha512}


class Binary(MemorySignature):
    """zeep's binary signature with key and certificate from memory."""

    apply = BinarySignature.apply


class Scenes:
    def __init__(self, brief):
        self.brief = brief

    def connect(self, signature, caller="office"):
        folder = self.brief[caller]["ec"]
        tls = (f"{folder}/tls.pem", f"{folder}/tls.key", self.brief["passphrase"])
        brief = self.brief
        return soap_query.connect(brief["door"], brief["authority"], tls, signature, brief["brokersSeal"])

    def seal(self, kind, how, key="rsa", caller="office"):
        folder, passphrase = self.brief[caller][key], self.brief["passphrase"]
        files = [f"{folder}/seal.key", f"{folder}/seal.pem"]
        if kind in (Binary, MemorySignature):
            files = [Path(file).read_bytes() for file in files]
        return kind(*files, passphrase, **how)

    def vitals(self, **changed):
        fin = changed.pop("fin", self.brief["fin"])
        return {**soap_query.question(
            self.brief["office"]["member"], VITALS, {"fin": fin}, "issue-id-document",
            case="ID-1", official="inspector-7", **soap_query.read(["bloodGroup", "height"]),
        ), **changed}

    def answered(self):
        """Each of zeep's signatures, with each kind of key that it can use."""
        kinds = {
            "binary, EC": self.seal(BinarySignature, EC, "ec"),
            "binary, RSA": self.seal(BinarySignature, RSA),
            "binary, RSA with SHA-512": self.seal(BinarySignature, RSA_512),
            "binary from memory, RSA": self.seal(Binary, RSA),
            "issuer and serial, EC": self.seal(Signature, EC, "ec"),
            "issuer and serial, RSA": self.seal(Signature, RSA),
            "issuer and serial from memory, EC": self.seal(MemorySignature, EC, "ec"),
        }
        return {name: soap_query.disclosed(self.connect(kind).service.query(**self.vitals())) for name, kind in kinds.items()}

    def soap12(self):
        service = self.connect(self.seal(BinarySignature, RSA)).bind("Mohur", "Soap12")
        return soap_query.disclosed(service.query(**self.vitals()))

    def sealed(self):
        """The owner's own seal inside the answer: on the fields, and on the octets of the Body that was signed."""
        client = self.connect(self.seal(BinarySignature, EC, "ec"))
        apply, bodies = client.wsse.apply, []

        def kept(envelope, headers):
            envelope, headers = apply(envelope, headers)
            bodies.append(etree.tostring(envelope.find("{*}Body"), method="c14n", exclusive=True))
            return envelope, headers

        client.wsse.apply = kept
        answer = client.service.query(**self.vitals())
        directory = query.Directory(*(Path(self.brief[name]) for name in ("directory", "root", "state")))
        sealed = owners_seal.verified(answer["sealed"], directory, bodies[0])
        return {name: sealed[name] for name in ("iss", "finding", "bloodGroup", "height")}

    def code(self, ask):
        """How an answer reads whose signature zeep has verified: its refusal, or `answered`."""
        try:
            ask()
        except Fault as fault:
            return soap_query.refusal(fault)
        return {"code": "answered"}

    def refused(self):
        office = self.connect(self.seal(BinarySignature, EC, "ec"))
        bank = self.connect(self.seal(BinarySignature, EC, "ec", "bank"), "bank")
        once = self.vitals()
        office.service.query(**once)
        return {
            "zeep's defaults": self.code(lambda: self.connect(self.seal(BinarySignature, {})).service.query(**self.vitals())),
            "no Timestamp": self.code(lambda: self.without_timestamp().service.query(**self.vitals())),
            "repeated": self.code(lambda: office.service.query(**once)),
            "changed": self.code(lambda: self.changed().service.query(**self.vitals())),
            "absent": self.code(lambda: office.service.query(**self.vitals(fin=self.brief["nobody"]))),
            "another's name": self.code(lambda: bank.service.query(**self.vitals())),
            "another's purpose": self.code(lambda: bank.service.query(**self.vitals(
                caller=self.brief["bank"]["member"], purpose="credit-check"))),
        }

    def without_timestamp(self):
        client = self.connect(self.seal(BinarySignature, RSA))

        class Bare(soap_query.Sealed):
            def apply(self, envelope, headers):
                envelope, headers = self.signature.apply(envelope, headers)
                self.sent = base64.b64decode(envelope.findtext(f".//{soap_query.DS}SignatureValue"))
                return envelope, headers

        client.wsse = Bare(client.wsse.signature, self.brief["brokersSeal"])
        return client

    def changed(self):
        """A client between whose signature and the wire somebody changes the question."""
        client = self.connect(self.seal(BinarySignature, RSA))
        post = client.transport.post_xml

        def changing(address, envelope, headers):
            envelope.find(f".//{soap_query.MOHUR}official").text = "inspector-8"
            return post(address, envelope, headers)

        client.transport.post_xml = changing
        return client

    def forged(self):
        """What a forger might try on a good answer. zeep must refuse each, or its yes means nothing."""
        client = self.connect(self.seal(BinarySignature, EC, "ec"))
        kept = []
        verify = client.wsse.verify
        client.wsse.verify = lambda envelope: (kept.append(copy.deepcopy(envelope)), verify(envelope))
        client.service.query(**self.vitals())
        [answer] = kept
        sent = client.wsse.sent

        def accepts(change):
            envelope = copy.deepcopy(answer)
            change(envelope)
            try:
                verify(etree.fromstring(etree.tostring(envelope)))
            except (SignatureVerificationFailed, IndexError):
                return False
            return True

        def of(name):
            return lambda envelope: envelope.find(f".//{{*}}{name}")

        def text(name, value):
            return lambda envelope: setattr(of(name)(envelope), "text", value)

        def wrapped(envelope):
            body = envelope.find("{*}Body")
            other = copy.deepcopy(body)
            body.find(f".//{soap_query.MOHUR}field").text = "forged"
            body.attrib.clear()
            envelope.find("{*}Header").append(other)

        def without_confirmation(envelope):
            confirmation = of("SignatureConfirmation")(envelope)
            confirmation.getparent().remove(confirmation)

        told = {
            "untouched": accepts(lambda envelope: None),
            "a field": accepts(text("field", "forged")),
            "the finding": accepts(text("finding", "absent")),
            "the time": accepts(text("Created", "2000-01-01T00:00:00Z")),
            "the confirmation": accepts(lambda envelope: of("SignatureConfirmation")(envelope).set("Value", "AAAA")),
            "no confirmation": accepts(without_confirmation),
            "a Body beside the signed one": accepts(wrapped),
        }
        client.wsse.sent = b"another question's"
        told["another question"] = accepts(lambda envelope: None)
        client.wsse.sent, client.wsse.brokers_seal = sent, f"{self.brief['office']['ec']}/seal.pem"
        told["another's seal"] = accepts(lambda envelope: None)
        return told

    def bundle(self):
        """An application: the digests of four openings are signed, the openings travel in a header block."""
        client = self.connect(self.seal(BinarySignature, EC, "ec"))
        definition = client.transport.session.get(f"{self.brief['door']}/v1/definitions/issue-id-document").json()
        bundle_id, caller = secrets.token_hex(16), self.brief["office"]["member"]
        openings = [opening(self.brief, definition, leg, bundle_id) for leg in definition["legs"]]
        digests = [base64.b64encode(hashlib.sha256(opening.encode()).digest()).decode() for opening in openings]
        header = client.get_element("{urn:mohur:exchange:1}openings")(opening=openings)
        answer = client.service.bundle(
            id=bundle_id, caller=caller, definition=definition["id"], version=definition["version"],
            digests={"digest": digests}, _soapheaders=[header],
        )
        for _ in range(20):
            if answer["complete"]:
                break
            answer = client.service.poll(id=secrets.token_hex(16), caller=caller, bundle=bundle_id)
        polled = client.service.poll(id=secrets.token_hex(16), caller=caller, bundle=bundle_id)
        swapped = client.get_element("{urn:mohur:exchange:1}openings")(opening=openings[1:] + openings[:1])
        other = self.code(lambda: client.service.bundle(
            id=secrets.token_hex(16), caller=caller, definition=definition["id"], version=definition["version"],
            digests={"digest": digests}, _soapheaders=[swapped],
        ))
        return {
            "outcome": answer["outcome"],
            "legs": {leg["id"]: leg["verdict"] for leg in answer["legs"]["leg"]},
            "polled": polled["outcome"],
            "swapped openings": other["code"],
        }


def opening(brief, definition, leg, bundle_id):
    """One leg's question, as it is written over REST: JSON, then base64url."""
    operands = {"verb": leg["verb"]}
    if leg["verb"] == "read":
        operands["fields"] = leg["fields"]
    elif leg["verb"] == "match":
        operands["values"] = {name: brief["form"][name] for name in leg["fields"]}
    else:
        operands["effect"] = {"operation": leg["operation"], "receipt": brief["receipt"], "key": bundle_id}
    question = soap_query.question(
        brief["office"]["member"], leg["service"], {"fin": brief["fin"]}, definition["purpose"],
        case="ID-1", official="inspector-7", **operands,
        bundle={"definition": definition["id"], "version": definition["version"], "leg": leg["id"]},
    )
    question["id"] = f"{bundle_id}.{leg['id']}"
    return base64.urlsafe_b64encode(json.dumps(question).encode()).rstrip(b"=").decode()


def main():
    scenes = Scenes(json.loads(Path(sys.argv[1]).read_text()))
    print(json.dumps({
        "answered": scenes.answered(),
        "soap12": scenes.soap12(),
        "sealed": scenes.sealed(),
        "refused": scenes.refused(),
        "forged": scenes.forged(),
        "bundle": scenes.bundle(),
    }))


main()
