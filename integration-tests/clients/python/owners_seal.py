"""Verifies an owner's seal on an answer (SD-JWT, RFC 9901) with PyPI sd-jwt, the IETF's reference implementation.

`mohur query --save evidence.json` keeps an answer; this checks it without any of Möhür's code:

    python owners_seal.py --config client.toml evidence.json
"""

import argparse
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

import query

TYPE = "mohur-answer+sd-jwt"
# What stands in every answer; the rest is its fields.
CLAIMS = {"iss", "service", "verb", "iat", "query_digest", "finding"}


def verified(answer, directory, opening=None):
    """What the owner sealed, with the fields that were released; raises if anything does not verify.

    With `opening`, the bytes of the question as they were sent, it must also be the answer to that very question.
    """

    def owners_key(issuer, header):
        if header["typ"] != TYPE or header["alg"] != "ES256":
            raise ValueError("not the type of an owner's answer")
        seal = directory.seals(issuer)[query.decoded(header["x5t#S256"]).hex()]
        return JWK.from_pem(seal.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    sealed = SDJWTVerifier(answer, owners_key).get_verified_payload()
    if sealed["service"].rsplit("/", 2)[0] != sealed["iss"]:
        raise ValueError("sealed by somebody who does not own the service")
    # The library passes over a disclosure that no digest stands for; RFC 9901, section 7.1, refuses it.
    if len(set(sealed) - CLAIMS) != answer.count("~") - 1:
        raise ValueError("a disclosure that the owner did not seal")
    if opening is not None and sealed["query_digest"] != query.unpadded(hashlib.sha256(opening).digest()):
        raise ValueError("the answer to another question")
    return sealed


def main():
    parser = argparse.ArgumentParser(description="Verify the owner's seal on a saved answer.")
    parser.add_argument("--config", type=Path, default=Path("client.toml"))
    parser.add_argument("evidence", type=Path)
    given = parser.parse_args()
    evidence = json.loads(given.evidence.read_text())
    print(json.dumps(verified(evidence["answer"], query.Client(given.config).directory), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
