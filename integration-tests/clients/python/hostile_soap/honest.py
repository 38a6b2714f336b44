"""A message that its caller really signed, and the pieces to bend it with."""

import base64
import datetime
import hashlib
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
DS = "http://www.w3.org/2000/09/xmldsig#"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE, WSU = WSS + "wssecurity-secext-1.0.xsd", WSS + "wssecurity-utility-1.0.xsd"
X509V3, BASE64 = WSS + "x509-token-profile-1.0#X509v3", WSS + "soap-message-security-1.0#Base64Binary"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ENVELOPED = DS + "enveloped-signature"
XML = "http://www.w3.org/XML/1998/namespace"
M = "urn:mohur:exchange:1"
NS = {"s": SOAP, "ds": DS, "wsse": WSSE, "wsu": WSU, "m": M, "exc": EXC}
AT = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


class Member:
    """A member's seal."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        password = (folder / "passphrase").read_bytes().strip()
        self.key = serialization.load_pem_private_key((folder / "seal.key").read_bytes(), password)
        self.certificate = x509.load_pem_x509_certificate((folder / "seal.pem").read_bytes())
        self.token = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()


def time(seconds=0):
    return (AT + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def query(number="hostile-1", fin="5ABCDE1", fields=("height",)):
    salt = base64.urlsafe_b64encode(hashlib.sha256(number.encode()).digest()).decode().rstrip("=")
    names = "".join(f"<m:field>{name}</m:field>" for name in fields)
    return (
        f'<m:query xmlns:m="{M}"><m:salt>{salt}</m:salt><m:id>{number}</m:id><m:caller>AZ/GOV/MIA/id-cards</m:caller>'
        "<m:service>AZ/GOV/MOH/health-card/vitals/v1</m:service><m:verb>read</m:verb>"
        f"<m:subject><m:fin>{fin}</m:fin></m:subject><m:purpose>issue-id-document</m:purpose>"
        f"<m:case>CASE-77</m:case><m:official>inspector 7</m:official><m:fields>{names}</m:fields></m:query>"
    )


def envelope(member, body=None, created=0, body_id='wsu:Id="body"', time_id='wsu:Id="time"'):
    text = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:wsu="{WSU}"><s:Header><wsse:Security xmlns:wsse="{WSSE}" s:mustUnderstand="1">'
        f'<wsse:BinarySecurityToken ValueType="{X509V3}" EncodingType="{BASE64}" wsu:Id="token">{member.token}'
        f"</wsse:BinarySecurityToken><wsu:Timestamp {time_id}><wsu:Created>{time(created)}</wsu:Created>"
        f"<wsu:Expires>{time(created + 300)}</wsu:Expires></wsu:Timestamp></wsse:Security></s:Header>"
        f"<s:Body {body_id}>{body or query()}</s:Body></s:Envelope>"
    )
    return etree.fromstring(text)


def one(root, path):
    (found,) = root.xpath(path, namespaces=NS)
    return found


def c14n(node, prefixes=None):
    return etree.tostring(node, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes)


def digest(octets):
    return base64.b64encode(hashlib.sha256(octets).digest()).decode()


def reference(uri, value, transforms=(EXC,), method=SHA256):
    steps = "".join(f'<ds:Transform Algorithm="{name}"/>' for name in transforms)
    return (
        f'<ds:Reference URI="{uri}"><ds:Transforms>{steps}</ds:Transforms><ds:DigestMethod Algorithm="{method}"/>'
        f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
    )


def references(root):
    return reference("#body", digest(c14n(one(root, "//s:Body")))) + reference(
        "#time", digest(c14n(one(root, "//wsu:Timestamp")))
    )


def sign(root, member, listed=None, method=ECDSA, canonical=EXC, token="#token"):
    """Appends a signature over the references to wsse:Security; its value is right whatever the references say."""
    listed = references(root) if listed is None else listed
    key_info = f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}"><wsse:Reference URI="{token}" ValueType="{X509V3}"/></wsse:SecurityTokenReference>'
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{canonical}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/>{listed}</ds:SignedInfo><ds:SignatureValue/>'
        f"<ds:KeyInfo>{key_info}</ds:KeyInfo></ds:Signature>"
    )
    one(root, "/s:Envelope/s:Header/wsse:Security").append(signature)
    resign(root, member)
    return root


def resign(root, member):
    """Makes the signature value right again after a change of SignedInfo."""
    value = one(root, "(//ds:Signature)[1]/ds:SignatureValue")
    octets = c14n(one(root, "(//ds:Signature)[1]/ds:SignedInfo[1]"))
    r, s = decode_dss_signature(member.key.sign(octets, ec.ECDSA(hashes.SHA256())))
    value.text = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()


def signed(member, **changes):
    return sign(envelope(member, **changes), member)


def text(root):
    return etree.tostring(root).decode()


def evil_body(identifier='wsu:Id="evil"'):
    return etree.fromstring(
        f'<s:Body xmlns:s="{SOAP}" xmlns:wsu="{WSU}" {identifier}>{query("evil-1", "9ZZZZZ9", ("bloodGroup",))}</s:Body>'
    )


def wrapped(node, where, wrapper="w"):
    holder = etree.SubElement(where, "{urn:attacker}" + wrapper)
    holder.append(node)
    return holder


CASES = []


def case(group, code, why):
    """Registers a message: a function of (member, other) that returns its text."""

    def register(function):
        CASES.append((group, function.__name__.replace("_", "-"), code, why, function))
        return function

    return register
