"""Asks one signed question at a Möhür broker and verifies the broker's signature on the answer.

Nothing here is Möhür's own code: mutual TLS is Python's, the signatures are made and verified by http-message-signatures, and
the directory is believed by tuf.
A passport office reads a blood group:

    python query.py --config client.toml AZ/GOV/MOH/health-card/vitals/v1 --fin JS8XANB --read bloodGroup,height \\
        --purpose issue-id-document --case C-1

The owner's seal inside the answer is checked by owners_seal.py beside this file; checking it is a caller's choice.
"""

import argparse
import base64
import json
import secrets
import ssl
import sys
import tomllib
from datetime import timedelta
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver, algorithms
from requests.adapters import HTTPAdapter
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater

ALGORITHM = algorithms.ECDSA_P256_SHA256
LABEL = "caller"
# What the broker demands of a question (Content-Digest is covered because `body` is given) ...
COVERED = ("@method", "@authority", "@target-uri", "content-type", "mohur-client", "mohur-service", "mohur-id")
# ... and what this client demands of an answer: its own parts, and that it answers this very question and no other.
ANSWER = ("@status", "content-digest", "content-type", "mohur-id")
BOUND = ANSWER + ('"@method";req', '"@authority";req', '"content-digest";req', f'"signature";req;key="{LABEL}"')


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def fingerprint(certificate):
    """A key's name on the wire: the SHA-256 of its certificate."""
    return certificate.fingerprint(hashes.SHA256()).hex()


class MutualTls(HTTPAdapter):
    """TLS 1.3 with the caller's own certificate; only the national authority's servers are believed."""

    def __init__(self, authorities, certificate, key, passphrase):
        self.context = ssl.create_default_context(cadata=authorities)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(certificate, key, passphrase)
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, ssl_context=self.context, **options)


class Folder(FetcherInterface):
    """A repository in a folder, for the TUF client."""

    def _fetch(self, url):
        file = Path(url.removeprefix("file://"))
        if not file.exists():
            raise DownloadHTTPError(f"{file} is not there", 404)
        yield file.read_bytes()


class Directory:
    """Who is a member, where its broker is and which seals count: what PyPI's `tuf` believes, from one trusted root."""

    def __init__(self, folder, root, state):
        for name in ("metadata", "targets"):
            (state / name).mkdir(parents=True, exist_ok=True)
        self.updater = Updater(
            metadata_dir=str(state / "metadata"),
            metadata_base_url=f"file://{folder}/metadata/",
            target_dir=str(state / "targets"),
            target_base_url=f"file://{folder}/targets/",
            fetcher=Folder(),
            bootstrap=root.read_bytes(),
        )
        self.updater.refresh()
        self.content = json.loads(self.file("members/members.json"))
        # The root of all certificates stands in the trusted root metadata.
        self.authority = json.loads(root.read_text())["signed"]["mohur"]["pki-root"]

    def file(self, path):
        info = self.updater.get_targetinfo(path)
        return Path(self.updater.download_target(info)).read_bytes()

    def entry(self, member):
        everyone = self.content["brokers"] + self.content["members"]
        return next(entry for entry in everyone if entry["id"] == member)

    def seals(self, member):
        """The member's seal certificates by their fingerprints."""
        listed = (base64.b64decode(seal["certificate"]) for seal in self.entry(member)["seals"])
        return {fingerprint(seal): seal for seal in map(x509.load_der_x509_certificate, listed)}


class Client:
    """A member that asks, from the same client.toml that `mohur query` reads."""

    def __init__(self, config):
        settings = tomllib.loads(config.read_text())

        def path(name):
            return config.parent / name

        passphrase = path(settings["passphrase"]).read_text().strip()
        self.member = settings["member"]
        place = settings["directory"]
        self.directory = Directory(path(place["folder"]), path(place["root"]), path(place["state"] + "-python"))
        self.broker = self.directory.entry(self.directory.entry(self.member)["broker"])

        authorities = path(place["state"] + "-python") / "root.pem"
        authorities.write_text(self.directory.authority)
        self.session = requests.Session()
        self.session.trust_env = False  # neither a proxy nor other authorities from the environment
        self.session.verify = str(authorities)
        tls = settings["tls"]
        adapter = MutualTls(authorities.read_text(), path(tls["certificate"]), path(tls["key"]), passphrase)
        self.session.mount("https://", adapter)

        seal = settings["seal"]
        certificate = x509.load_pem_x509_certificate(path(seal["certificate"]).read_bytes())
        key = serialization.load_pem_private_key(path(seal["key"]).read_bytes(), passphrase.encode())
        self.key_id = fingerprint(certificate)
        brokers = {name: seal.public_key() for name, seal in self.directory.seals(self.broker["id"]).items()}
        keys = MappingKeyResolver(private_keys={self.key_id: key}, public_keys=brokers)
        self.signer = HTTPMessageSigner(signature_algorithm=ALGORITHM, key_resolver=keys)
        self.verifier = HTTPMessageVerifier(signature_algorithm=ALGORITHM, key_resolver=keys)

    def question(self, service, subject, purpose, **operands):
        """An opening: one question with its id and fresh salt."""
        return {
            "salt": unpadded(secrets.token_bytes(32)),
            "id": secrets.token_hex(16),
            "caller": self.member,
            "service": service,
            "subject": subject,
            "purpose": purpose,
            **operands,
        }

    def request(self, question):
        """The question as a request that is not signed yet."""
        headers = {
            "Content-Type": "application/json",
            "Mohur-Client": self.member,
            "Mohur-Service": question["service"],
            "Mohur-Id": question["id"],
        }
        url = f"https://{self.broker['authority']}/v1/query"
        body = json.dumps(question, ensure_ascii=False).encode()
        return self.session.prepare_request(requests.Request("POST", url, headers=headers, data=body))

    def sign(self, request):
        """Signs a request: Content-Digest, Signature-Input and Signature."""
        self.signer.sign(
            request,
            key_id=self.key_id,
            label=LABEL,
            nonce=secrets.token_urlsafe(16),
            covered_component_ids=COVERED,
            body=request.body,
        )
        return request

    def send(self, request):
        return self.session.send(request, timeout=30)

    def verify(self, response, demanded=BOUND):
        """The broker signed this answer, and signed it for this request. Raises InvalidSignature otherwise."""
        self.verifier.verify(
            response, max_age=timedelta(seconds=60), require_components=demanded, body=response.content
        )
        return response

    def ask(self, question):
        """Signs, sends and verifies; the verified response."""
        return self.verify(self.send(self.sign(self.request(question))))


def disclosed(answer):
    """The fields in an owner's sealed answer (SD-JWT), read and not checked: that is owners_seal.py's work."""
    disclosures = answer.split("~")[1:-1]
    return {name: value for _, name, value in map(json.loads, map(decoded, disclosures))}


def main():
    parser = argparse.ArgumentParser(description="Ask one signed question and verify the answer's signature.")
    parser.add_argument("service")
    parser.add_argument("--config", type=Path, default=Path("client.toml"))
    parser.add_argument("--fin", required=True)
    parser.add_argument("--read", required=True, help="fields, with commas between them")
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--case", required=True)
    parser.add_argument("--official", default="inspector-7")
    given = parser.parse_args()

    client = Client(given.config)
    question = client.question(
        given.service, {"fin": given.fin}, given.purpose,
        verb="read", fields=given.read.split(","), case=given.case, official=given.official,
    )
    response = client.ask(question)
    content = response.json()
    if not response.ok:
        sys.exit(f"refused: {content['code']}\n  {content['title']}")
    for name, value in disclosed(content["answer"]).items():
        print(f"{name}  {value}")
    print(f"the signature of {client.broker['id']} on the answer, and its binding to the question, verified")


if __name__ == "__main__":
    main()
