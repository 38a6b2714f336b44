"""Asks one signed question at a Möhür broker over SOAP, and verifies the broker's signature on the answer.

Nothing here is Möhür's own code: zeep reads the broker's WSDL, writes the envelope, and signs it with WS-Security. A passport
office reads a blood group:

    python soap_query.py --door https://broker.example:8443 --folder callers/passport-office --passphrase passphrase \\
        --authority root.pem --brokers-seal broker-seal.pem AZ/GOV/MIA/id-cards AZ/GOV/MOH/health-card/vitals/v1 \\
        --fin Y6GQJXS --read bloodGroup,height --purpose issue-id-document --case C-1
"""

import argparse
import base64
import datetime
import secrets
import ssl
from pathlib import Path

import requests
import xmlsec
import zeep
from lxml import etree
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
        parts = [envelope.find("{*}Body"), security.find(WSU.Timestamp().tag), confirmation]
        signed = {reference.get("URI").removeprefix("#") for reference in envelope.iter(f"{DS}Reference")}
        if any(part is None or part.get(WSU_ID) not in signed for part in parts):
            raise SignatureVerificationFailed("a part of the answer is not signed")
        ids = [element.get(WSU_ID) for element in envelope.iter() if element.get(WSU_ID)]
        if len(ids) != len(set(ids)) or len(list(envelope.iter(f"{DS}Signature"))) != 1:
            raise SignatureVerificationFailed("the answer has two of what it may have one of")
        if base64.b64decode(confirmation.get("Value", "")) != self.sent:
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


def salt():
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def refusal(fault):
    """The code in a fault, and its sentences."""
    told = fault.detail.find(f"{MOHUR}refusal")
    return {name: told.findtext(f"{MOHUR}{name}") for name in ("code", "title", "detail", "remedy")}
