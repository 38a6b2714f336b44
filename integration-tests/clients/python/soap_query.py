"""Asks one signed question at a Möhür broker over SOAP, and verifies the broker's signature on the answer.

Nothing here is Möhür's own code: zeep reads the broker's WSDL, writes the envelope, and signs it with WS-Security. A passport
office reads a blood group:

    python soap_query.py AZ/GOV/MIA/id-cards AZ/GOV/MOH/health-card/vitals/v1 --door https://broker.example:8443 \\
        --folder . --passphrase passphrase --authority root.pem --brokers-seal broker-seal.pem \\
        --fin JS8XANB --read bloodGroup,height --purpose issue-id-document --case C-1
"""

import argparse
import base64
import datetime
import secrets
import ssl
import sys
from pathlib import Path

import requests
import xmlsec
import zeep
from requests.adapters import HTTPAdapter
from zeep.exceptions import Fault, SignatureVerificationFailed
from zeep.wsse.signature import BinarySignature, verify_envelope
from zeep.wsse.utils import WSU, get_security_header, get_timestamp

DS = "{http://www.w3.org/2000/09/xmldsig#}"
WSSE11 = "{http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd}"
WSU_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
MOHUR = "{urn:mohur:exchange:1}"

# zeep's own defaults are SHA-1, which a broker refuses.
RSA = {"signature_method": xmlsec.constants.TransformRsaSha256, "digest_method": xmlsec.constants.TransformSha256}
EC = {"signature_method": xmlsec.constants.TransformEcdsaSha256, "digest_method": xmlsec.constants.TransformSha256}


class MutualTls(HTTPAdapter):
    """TLS with the caller's own certificate; only the national authority's servers are believed."""

    def __init__(self, authorities, certificate, key, passphrase):
        self.context = ssl.create_default_context(cafile=authorities)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(certificate, key, passphrase)
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, ssl_context=self.context, **options)


class Sealed:
    """Signs questions as zeep does, with a Timestamp, and verifies that the broker signed the answer to this very question.

    zeep signs a Timestamp where there is one but adds none, and it verifies answers with the caller's own certificate.
    """

    def __init__(self, signature, brokers_seal):
        self.signature = signature
        self.brokers_seal = str(brokers_seal)

    def apply(self, envelope, headers):
        now = datetime.datetime.now(datetime.timezone.utc)
        created = get_timestamp(now, zulu_timestamp=True)
        expires = get_timestamp(now + datetime.timedelta(seconds=60), zulu_timestamp=True)
        get_security_header(envelope).append(WSU.Timestamp(WSU.Created(created), WSU.Expires(expires)))
        envelope, headers = self.signature.apply(envelope, headers)
        self.sent = base64.b64decode(envelope.findtext(f".//{DS}SignatureValue"))
        return envelope, headers

    def verify(self, envelope):
        verify_envelope(envelope, self.brokers_seal)
        # zeep has verified whatever the answer's signature refers to; that this is all of it, is ours to see.
        security = get_security_header(envelope)
        confirmation = security.find(f"{WSSE11}SignatureConfirmation")
        parts = [envelope.find("{*}Body"), security.find(WSU.Timestamp().tag)]
        # A fault to a message whose signature could not be believed confirms none.
        if confirmation is not None or envelope.find("{*}Body/{*}Fault") is None:
            parts.append(confirmation)
        signed = {reference.get("URI").removeprefix("#") for reference in envelope.iter(f"{DS}Reference")}
        if any(part is None or part.get(WSU_ID) not in signed for part in parts):
            raise SignatureVerificationFailed("a part of the answer is not signed")
        ids = [element.get(WSU_ID) for element in envelope.iter() if element.get(WSU_ID)]
        if len(ids) != len(set(ids)) or len(list(envelope.iter(f"{DS}Signature"))) != 1:
            raise SignatureVerificationFailed("the answer has two of what it may have one of")
        if confirmation is not None and base64.b64decode(confirmation.get("Value", "")) != self.sent:
            raise SignatureVerificationFailed("the answer to another question")


def connect(door, authority, tls, signature, brokers_seal):
    """A zeep client for the broker at `door`.

    `tls` is a certificate chain, its key and their passphrase; `signature` any of zeep's, e.g. BinarySignature.
    """
    session = requests.Session()
    session.trust_env = False  # neither a proxy nor other authorities from the environment
    session.verify = str(authority)
    session.mount("https://", MutualTls(str(authority), *map(str, tls)))
    return zeep.Client(
        f"{door}/soap?wsdl",
        transport=zeep.Transport(session=session, timeout=30, operation_timeout=30),
        wsse=Sealed(signature, brokers_seal),
    )


def question(caller, service, subject, purpose, **operands):
    """A query with its id and fresh salt, as the WSDL's operation `query` takes it."""
    return {
        "salt": base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode(),
        "id": secrets.token_hex(16),
        "caller": caller,
        "service": service,
        "subject": subject,
        "purpose": purpose,
        **operands,
    }


def read(fields):
    """The operands of a question that reads fields."""
    return {"verb": "read", "fields": {"field": list(fields)}}


def disclosed(answer):
    """The fields of an answer, in XML: the owner's own seal on them is in `sealed`."""
    return {field["name"]: field["_value_1"] for field in answer["fields"]["field"]} if answer["fields"] else {}


def refusal(fault):
    """The code in a fault, and its sentences."""
    told = fault.detail.find(f"{MOHUR}refusal")
    return {name: told.findtext(f"{MOHUR}{name}") for name in ("code", "title", "detail", "remedy")}


def main():
    parser = argparse.ArgumentParser(description="Ask one signed question over SOAP and verify the answer's signature.")
    parser.add_argument("caller")
    parser.add_argument("service")
    parser.add_argument("--door", required=True, help="https:// and the broker's authority")
    parser.add_argument("--folder", required=True, type=Path, help="holds tls.pem, tls.key, seal.pem and seal.key")
    parser.add_argument("--passphrase", required=True, type=Path, help="the file with the keys' passphrase")
    parser.add_argument("--authority", required=True, help="the national authority's certificate")
    parser.add_argument("--brokers-seal", required=True, help="the broker's seal certificate")
    parser.add_argument("--fin", required=True)
    parser.add_argument("--read", required=True, help="fields, with commas between them")
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--case", required=True)
    parser.add_argument("--official", default="inspector-7")
    given = parser.parse_args()

    passphrase = given.passphrase.read_text().strip()
    tls = (given.folder / "tls.pem", given.folder / "tls.key", passphrase)
    signature = BinarySignature(given.folder / "seal.key", given.folder / "seal.pem", passphrase, **EC)
    client = connect(given.door, given.authority, tls, signature, given.brokers_seal)
    try:
        answer = client.service.query(**question(
            given.caller, given.service, {"fin": given.fin}, given.purpose,
            case=given.case, official=given.official, **read(given.read.split(",")),
        ))
    except Fault as fault:
        sys.exit("refused: {code}\n  {title}\n  {detail}".format(**refusal(fault)))
    for name, value in disclosed(answer).items():
        print(f"{name}  {value}")
    print("the broker's signature on the answer, and its binding to the question, verified")


if __name__ == "__main__":
    main()
