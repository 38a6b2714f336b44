"""PyPI signxml as signer and as verifier of WS-Security envelopes; it knows nothing of ours.

    python xml_signatures.py verify ENVELOPE CERTIFICATE TIME
    python xml_signatures.py sign ENVELOPE KEY CERTIFICATE METHOD DIGEST WAY

`verify` prints the local names of what the signature covers. `sign` prints ENVELOPE with a signature over Body and Timestamp
in its wsse:Security header; WAY is `detached` or `enveloped`, which writes one transform more.
"""

import datetime
import pathlib
import sys

from lxml import etree
from signxml import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConfiguration,
    SignatureMethod,
    XMLSigner,
    XMLVerifier,
    methods,
)

DS = "http://www.w3.org/2000/09/xmldsig#"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE, WSU = WSS + "wssecurity-secext-1.0.xsd", WSS + "wssecurity-utility-1.0.xsd"


def read(path):
    return pathlib.Path(path).read_bytes()


def verify(envelope, certificate, time):
    references = len(etree.fromstring(read(envelope)).findall(f".//{{{DS}}}Reference"))
    config = SignatureConfiguration(
        expect_references=references, verification_time=datetime.datetime.fromisoformat(time)
    )
    results = XMLVerifier().verify(read(envelope), x509_cert=read(certificate).decode(), expect_config=config)
    print(" ".join(etree.QName(result.signed_xml).localname for result in results))


def sign(envelope, key, certificate, method, digest, way):
    root = etree.fromstring(read(envelope))
    ids = [node.get(f"{{{WSU}}}Id") for node in root.iter() if node.get(f"{{{WSU}}}Id")]
    signer = XMLSigner(
        method=methods[way],
        signature_algorithm=SignatureMethod[method],
        digest_algorithm=DigestAlgorithm[digest],
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signed = signer.sign(root, key=read(key), cert=read(certificate).decode(), reference_uri=ids)
    signature = signed if way == "detached" else signed.find(f".//{{{DS}}}Signature")
    signature.tail = None
    root.find(f".//{{{WSSE}}}Security").append(signature)
    sys.stdout.buffer.write(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


if __name__ == "__main__":
    {"verify": verify, "sign": sign}[sys.argv[1]](*sys.argv[2:])
