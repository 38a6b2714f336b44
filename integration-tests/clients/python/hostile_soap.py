"""Writes the hostile SOAP messages of schemas/vectors/soap: each begins as a message that its caller really signed.

    python hostile_soap.py NATIONAL MEMBER-FOLDER OTHER-FOLDER OUT

NATIONAL, MEMBER-FOLDER and OTHER-FOLDER are what `mohur pki init` and `mohur pki issue seal` made. Nothing of Möhür signs or
canonicalises here: lxml and cryptography do. A verifier pins its clock to the `at` of OUT/index.toml.
"""

import base64
import copy
import datetime
import hashlib
import json
import pathlib
import shutil
import sys

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


# --- what must be accepted, so that the refusals below mean something

@case("honest", "", "the message that the others are made from")
def honest(m, _):
    return text(signed(m))


@case("honest", "", "ids as Node soap writes them, and an enveloped-signature transform without effect")
def honest_plain_ids_and_enveloped(m, _):
    root = envelope(m, body_id='Id="body"', time_id='Id="time"')
    listed = "".join(
        reference(uri, digest(c14n(one(root, path))), (ENVELOPED, EXC))
        for uri, path in (("#body", "//s:Body"), ("#time", "//wsu:Timestamp"))
    )
    return text(sign(root, m, listed))


@case("honest", "", "xml:id on the Body")
def honest_xml_id(m, _):
    return text(signed(m, body_id='xml:id="body"'))


# --- signature wrapping, the eight classic shapes: the signed Body survives somewhere, another one is to be read

def wrap(m, place, evil=None):
    root = signed(m)
    original = one(root, "/s:Envelope/s:Body")
    root.replace(original, evil if evil is not None else evil_body())
    place(root, original)
    return text(root)


def in_object(root, node):
    holder = etree.SubElement(one(root, "//ds:Signature"), f"{{{DS}}}Object")
    holder.append(node)


def in_header(root, node):
    wrapped(node, one(root, "/s:Envelope/s:Header"))


def in_security(root, node):
    wrapped(node, one(root, "//wsse:Security"))


@case("wrapping", "malformed", "1: the signed Body lies in the Signature's Object, another one is in place")
def wrap_1_in_object(m, _):
    return wrap(m, in_object)


@case("wrapping", "xml-refused", "2: the signed Body is a header block's child")
def wrap_2_in_header(m, _):
    return wrap(m, in_header)


@case("wrapping", "malformed", "3: the signed Body stands before the other as a sibling")
def wrap_3_first_sibling(m, _):
    return wrap(m, lambda root, node: root.insert(1, node))


@case("wrapping", "xml-refused", "4: the signed Body is a child of the other")
def wrap_4_in_the_other_body(m, _):
    return wrap(m, lambda root, node: one(root, "/s:Envelope/s:Body/m:query").append(node))


@case("wrapping", "malformed", "5: both Bodies have the same Id, the signed one is last")
def wrap_5_same_id_last(m, _):
    return wrap(m, lambda root, node: root.append(node), evil_body('wsu:Id="body"'))


@case("wrapping", "xml-refused", "6: both have the same Id, the signed one lies in the Signature's Object")
def wrap_6_same_id_in_object(m, _):
    return wrap(m, in_object, evil_body('wsu:Id="body"'))


@case("wrapping", "xml-refused", "7: both have the same Id, the signed one lies in a header block that nobody understands")
def wrap_7_same_id_in_header(m, _):
    return wrap(m, in_header, evil_body('wsu:Id="body"'))


@case("wrapping", "xml-refused", "8: the whole signed envelope lies in the Signature's Object of another one")
def wrap_8_envelope_in_object(m, _):
    root = signed(m)
    inner = copy.deepcopy(root)
    body = one(root, "/s:Envelope/s:Body")
    root.replace(body, evil_body('wsu:Id="body"'))
    in_object(root, inner)
    return text(root)


# --- wrapping through mixtures of wsu:Id, xml:id and Id

@case("ids", "xml-refused", "the Body that is read has no id at all, the signed one is a header block itself")
def ids_none_on_body(m, _):
    return wrap(m, lambda root, node: one(root, "/s:Envelope/s:Header").append(node), evil_body(""))


MIXES = [
    ("xml-id", 'xml:id="body"', True),
    ("plain-id", 'Id="body"', True),
    ("lower-id", 'id="body"', False),
    ("upper-id", 'ID="body"', False),
]


def mixture(name, attribute, is_an_id):
    """`id` and `ID` are no ids in a SOAP message; libxml2 and others take them for some."""
    def evil(m, _):
        return wrap(m, in_header, evil_body(attribute))

    def original(m, _):
        root = envelope(m, body_id=attribute)
        listed = reference("#body", digest(c14n(one(root, "//s:Body")))) + reference("#time", digest(c14n(one(root, "//wsu:Timestamp"))))
        sign(root, m, listed)
        body = one(root, "/s:Envelope/s:Body")
        root.replace(body, evil_body('wsu:Id="body"'))
        in_security(root, body)
        return text(root)

    CASES.append(("ids", f"ids-evil-{name}", "xml-refused", f"the unsigned Body answers to the same reference by {attribute}", evil))
    def in_header_block(m, _):
        root = etree.fromstring(original(m, _))
        holder = one(root, "//wsse:Security/*[last()]")
        one(root, "/s:Envelope/s:Header").append(holder)
        return text(root)

    CASES.append(("ids", f"ids-header-{name}", "xml-refused" if is_an_id else "digest-mismatch", f"the signed Body lies in a header block under {attribute}, the other has its wsu:Id", in_header_block))
    CASES.append(("ids", f"ids-signed-{name}", "not-understood", f"the signed Body lies in Security under {attribute}, the other has its wsu:Id", original))


for mix in MIXES:
    mixture(*mix)


@case("honest", "", "two attributes of one element give it two ids, each its own")
def honest_two_ids(m, _):
    root = envelope(m)
    one(root, "/s:Envelope/s:Body").set(f"{{{XML}}}id", "other")
    return text(sign(root, m))


@case("ids", "xml-refused", "the token has the Body's Id, too")
def ids_token_like_body(m, _):
    root = signed(m)
    one(root, "//wsse:BinarySecurityToken").set(f"{{{WSU}}}Id", "body")
    return text(root)


# --- the Timestamp

@case("timestamp", "not-understood", "an old signed Timestamp is moved aside, a fresh one stands in its place")
def timestamp_moved(m, _):
    root = signed(m, created=-3600)
    security, stamp = one(root, "//wsse:Security"), one(root, "//wsu:Timestamp")
    fresh = copy.deepcopy(stamp)
    fresh.set(f"{{{WSU}}}Id", "fresh")
    fresh[0].text, fresh[1].text = time(), time(300)
    security.replace(stamp, fresh)
    wrapped(stamp, security)
    return text(root)


@case("timestamp", "xml-refused", "the same, but it lies in a header block")
def timestamp_moved_to_header(m, _):
    root = signed(m, created=-3600)
    security, stamp = one(root, "//wsse:Security"), one(root, "//wsu:Timestamp")
    fresh = copy.deepcopy(stamp)
    fresh.set(f"{{{WSU}}}Id", "fresh")
    fresh[0].text, fresh[1].text = time(), time(300)
    security.replace(stamp, fresh)
    wrapped(stamp, one(root, "/s:Envelope/s:Header"))
    return text(root)


@case("timestamp", "xml-refused", "the same, and the fresh one has the signed one's Id")
def timestamp_moved_same_id(m, _):
    root = signed(m, created=-3600)
    security, stamp = one(root, "//wsse:Security"), one(root, "//wsu:Timestamp")
    fresh = copy.deepcopy(stamp)
    fresh[0].text, fresh[1].text = time(), time(300)
    security.replace(stamp, fresh)
    wrapped(stamp, one(root, "/s:Envelope/s:Header"))
    return text(root)


@case("timestamp", "stale", "a fresh Timestamp is a header block of its own, the signed old one stays")
def timestamp_fresh_outside(m, _):
    root = signed(m, created=-3600)
    stamp = copy.deepcopy(one(root, "//wsu:Timestamp"))
    stamp.set(f"{{{WSU}}}Id", "fresh")
    stamp[0].text, stamp[1].text = time(), time(300)
    one(root, "/s:Envelope/s:Header").append(stamp)
    return text(root)


@case("timestamp", "malformed", "two Timestamps: the signed old one, and a fresh one")
def timestamp_twice(m, _):
    root = signed(m, created=-3600)
    stamp = one(root, "//wsu:Timestamp")
    fresh = copy.deepcopy(stamp)
    fresh.set(f"{{{WSU}}}Id", "fresh")
    fresh[0].text, fresh[1].text = time(), time(300)
    stamp.addprevious(fresh)
    return text(root)


@case("timestamp", "component-uncovered", "the Timestamp is not signed")
def timestamp_unsigned(m, _):
    root = envelope(m)
    return text(sign(root, m, reference("#body", digest(c14n(one(root, "//s:Body"))))))


@case("timestamp", "component-uncovered", "the Body is not signed")
def body_unsigned(m, _):
    root = envelope(m)
    return text(sign(root, m, reference("#time", digest(c14n(one(root, "//wsu:Timestamp"))))))


@case("timestamp", "component-uncovered", "there is no Timestamp")
def timestamp_missing(m, _):
    root = envelope(m)
    stamp = one(root, "//wsu:Timestamp")
    stamp.getparent().remove(stamp)
    return text(sign(root, m, reference("#body", digest(c14n(one(root, "//s:Body"))))))


@case("timestamp", "stale", "signed an hour ago")
def timestamp_old(m, _):
    return text(signed(m, created=-3600))


@case("timestamp", "future", "signed in an hour")
def timestamp_future(m, _):
    return text(signed(m, created=3600))


@case("timestamp", "malformed", "Created stands twice")
def timestamp_created_twice(m, _):
    root = envelope(m, created=-3600)
    stamp = one(root, "//wsu:Timestamp")
    etree.SubElement(stamp, f"{{{WSU}}}Created").text = time()
    return text(sign(root, m))


# --- tokens

@case("tokens", "signature-invalid", "another member's token is put in the place of the signer's")
def token_swapped(m, other):
    root = signed(m)
    one(root, "//wsse:BinarySecurityToken").text = other.token
    return text(root)


@case("tokens", "xml-refused", "a second token under the same Id")
def token_twice(m, other):
    root = signed(m)
    token = one(root, "//wsse:BinarySecurityToken")
    second = copy.deepcopy(token)
    second.text = other.token
    token.addprevious(second)
    return text(root)


@case("tokens", "key-unknown", "a certificate that the signer made itself")
def token_self_made(m, _):
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(m.certificate.subject)
        .issuer_name(m.certificate.issuer)
        .public_key(key.public_key())
        .serial_number(m.certificate.serial_number)
        .not_valid_before(m.certificate.not_valid_before_utc)
        .not_valid_after(m.certificate.not_valid_after_utc)
        .sign(key, hashes.SHA256())
    )
    forger = copy.copy(m)
    forger.key, forger.certificate = key, certificate
    forger.token = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    return text(signed(forger))


@case("tokens", "malformed", "KeyInfo holds a bare key")
def token_key_value(m, _):
    root = signed(m)
    numbers = m.key.public_key().public_numbers()
    point = base64.b64encode(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")).decode()
    info = one(root, "//ds:KeyInfo")
    info.clear()
    info.append(
        etree.fromstring(
            f'<ds:KeyValue xmlns:ds="{DS}"><e:ECKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#">'
            f'<e:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/><e:PublicKey>{point}</e:PublicKey></e:ECKeyValue></ds:KeyValue>'
        )
    )
    return text(root)


@case("tokens", "identity-mismatch", "another member signs a query in the name of the caller")
def token_of_another_member(_, other):
    return text(signed(other))


@case("tokens", "malformed", "two KeyInfo")
def token_two_key_infos(m, _):
    root = signed(m)
    info = one(root, "//ds:KeyInfo")
    info.addnext(copy.deepcopy(info))
    return text(root)


# --- the signature itself

@case("signature", "signature-missing", "no signature")
def signature_missing(m, _):
    return text(envelope(m))


@case("signature", "xml-refused", "two SignedInfo, the second one harmless")
def signed_info_twice(m, _):
    root = signed(m)
    info = one(root, "//ds:SignedInfo")
    info.addnext(copy.deepcopy(info))
    return text(root)


@case("signature", "xml-refused", "a SignedInfo within the SignedInfo")
def signed_info_nested(m, _):
    root = signed(m)
    info = one(root, "//ds:SignedInfo")
    inner = copy.deepcopy(info)
    info.insert(2, inner)
    value = one(root, "//ds:SignatureValue")
    r, s = decode_dss_signature(m.key.sign(c14n(info), ec.ECDSA(hashes.SHA256())))
    value.text = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
    return text(root)


@case("signature", "malformed", "two Signatures, both good")
def signature_twice(m, _):
    root = signed(m)
    signature = one(root, "//ds:Signature")
    signature.addnext(copy.deepcopy(signature))
    return text(root)


@case("signature", "digest-mismatch", "a digit of the FIN is changed")
def body_changed(m, _):
    return text(signed(m)).replace("5ABCDE1", "5ABCDE2")


@case("signature", "signature-invalid", "a digest is replaced by that of another Body")
def digest_replaced(m, _):
    root = signed(m)
    body = one(root, "/s:Envelope/s:Body")
    root.replace(body, evil_body('wsu:Id="body"'))
    one(root, "//ds:Reference[@URI='#body']/ds:DigestValue").text = digest(c14n(one(root, "/s:Envelope/s:Body")))
    return text(root)


@case("signature", "xml-refused", "a comment splits the DigestValue")
def digest_comment(m, _):
    root = signed(m)
    value = one(root, "//ds:Reference[@URI='#body']/ds:DigestValue")
    good = value.text
    body = one(root, "/s:Envelope/s:Body")
    root.replace(body, evil_body('wsu:Id="body"'))
    value.text = digest(c14n(one(root, "/s:Envelope/s:Body")))
    comment = etree.Comment(good)
    value.append(comment)
    return text(root)


@case("signature", "malformed", "a comment splits the FIN: canonicalisation drops it, a careless reader stops at it")
def fin_comment(m, _):
    return text(signed(m)).replace("5ABCDE1", "5ABC<!-- -->DE1")


@case("signature", "algorithm-refused", "HMAC with the public key's bytes as secret")
def algorithm_hmac(m, _):
    import hmac

    root = envelope(m)
    sign(root, m, method="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    secret = m.certificate.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    octets = c14n(one(root, "//ds:SignedInfo"))
    one(root, "//ds:SignatureValue").text = base64.b64encode(hmac.new(secret, octets, hashlib.sha256).digest()).decode()
    return text(root)


@case("signature", "algorithm-refused", "SHA-1 digests")
def algorithm_sha1_digest(m, _):
    root = envelope(m)

    def sha1(path):
        return base64.b64encode(hashlib.sha1(c14n(one(root, path))).digest()).decode()

    listed = reference("#body", sha1("//s:Body"), method=DS + "sha1") + reference("#time", sha1("//wsu:Timestamp"), method=DS + "sha1")
    return text(sign(root, m, listed))


@case("signature", "algorithm-refused", "a signature method with SHA-1")
def algorithm_ecdsa_sha1(m, _):
    return text(sign(envelope(m), m, method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"))


@case("signature", "algorithm-refused", "a signature method of RSA over a key that is none")
def algorithm_rsa_on_ec(m, _):
    return text(sign(envelope(m), m, method="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"))


@case("signature", "algorithm-refused", "canonicalisation with comments")
def algorithm_c14n_comments(m, _):
    return text(sign(envelope(m), m, canonical=EXC + "WithComments"))


@case("signature", "algorithm-refused", "inclusive canonicalisation")
def algorithm_c14n_inclusive(m, _):
    return text(sign(envelope(m), m, canonical="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))


def transformed(m, *names, parameter=""):
    root = envelope(m)
    listed = reference("#body", digest(c14n(one(root, "//s:Body"))), names) + reference("#time", digest(c14n(one(root, "//wsu:Timestamp"))))
    if parameter:
        listed = listed.replace(f'<ds:Transform Algorithm="{names[0]}"/>', f'<ds:Transform Algorithm="{names[0]}">{parameter}</ds:Transform>', 1)
    return text(sign(root, m, listed))


@case("transforms", "algorithm-refused", "XPath")
def transform_xpath(m, _):
    return transformed(m, "http://www.w3.org/TR/1999/REC-xpath-19991116", EXC, parameter="<ds:XPath>self::node()</ds:XPath>")


@case("transforms", "algorithm-refused", "XPath filter 2")
def transform_xpath_filter(m, _):
    inner = '<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//m</f:XPath>'
    return transformed(m, "http://www.w3.org/2002/06/xmldsig-filter2", EXC, parameter=inner)


@case("transforms", "algorithm-refused", "XSLT")
def transform_xslt(m, _):
    inner = '<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform"/>'
    return transformed(m, "http://www.w3.org/TR/1999/REC-xslt-19991116", EXC, parameter=inner)


@case("transforms", "algorithm-refused", "base64")
def transform_base64(m, _):
    return transformed(m, DS + "base64", EXC)


@case("transforms", "algorithm-refused", "an unknown transform")
def transform_unknown(m, _):
    return transformed(m, "urn:attacker:transform", EXC)


@case("transforms", "algorithm-refused", "canonicalisation twice")
def transform_twice(m, _):
    return transformed(m, EXC, EXC)


@case("transforms", "algorithm-refused", "no transform at all: the default is inclusive canonicalisation")
def transform_none(m, _):
    return transformed(m)


@case("transforms", "xml-refused", "enveloped-signature where it has an effect: the whole envelope is signed but for the signature")
def transform_enveloped_with_effect(m, _):
    root = envelope(m)
    root.set(f"{{{WSU}}}Id", "all")
    listed = reference("#all", digest(c14n(root)), (ENVELOPED, EXC))
    return text(sign(root, m, listed))


@case("transforms", "xml-refused", "URI is empty: the whole document")
def reference_whole_document(m, _):
    root = envelope(m)
    return text(sign(root, m, reference("", digest(c14n(root)), (ENVELOPED, EXC))))


@case("transforms", "xml-refused", "a reference leads to another document")
def reference_external(m, _):
    root = envelope(m)
    listed = references(root) + reference("http://attacker.example/x", digest(b"x"))
    return text(sign(root, m, listed))


@case("transforms", "xml-refused", "a reference leads to a file")
def reference_file(m, _):
    root = envelope(m)
    return text(sign(root, m, references(root) + reference("file:///etc/passwd", digest(b"x"))))


@case("transforms", "xml-refused", "an XPointer instead of an id")
def reference_xpointer(m, _):
    root = envelope(m)
    listed = reference("#xpointer(id('body'))", digest(c14n(one(root, "//s:Body")))) + reference("#time", digest(c14n(one(root, "//wsu:Timestamp"))))
    return text(sign(root, m, listed))


@case("transforms", "digest-mismatch", "the digest of nothing: a reference to an element that is not there")
def reference_to_nothing(m, _):
    root = envelope(m)
    listed = reference("#nothing", digest(b"")) + references(root)
    return text(sign(root, m, listed))


@case("transforms", "digest-mismatch", "the digest of the empty input for the Body")
def digest_of_empty_input(m, _):
    root = envelope(m)
    listed = reference("#body", digest(b"")) + reference("#time", digest(c14n(one(root, "//wsu:Timestamp"))))
    return text(sign(root, m, listed))


@case("transforms", "digest-mismatch", "an empty DigestValue")
def digest_empty(m, _):
    root = envelope(m)
    listed = reference("#body", "") + reference("#time", digest(c14n(one(root, "//wsu:Timestamp"))))
    return text(sign(root, m, listed))


@case("transforms", "xml-refused", "a thousand references to the same parts")
def references_thousand(m, _):
    root = envelope(m)
    return text(sign(root, m, references(root) * 500))


@case("transforms", "too-large", "forty header blocks, each signed")
def references_forty(m, _):
    root = envelope(m)
    listed = references(root)
    for number in range(40):
        block = etree.SubElement(one(root, "/s:Envelope/s:Header"), "{urn:attacker}block")
        block.set(f"{{{WSU}}}Id", f"block{number}")
        listed += reference(f"#block{number}", digest(c14n(block)))
    return text(sign(root, m, listed))


# --- canonicalisation differentials

@case("c14n", "digest-mismatch", "a prefix that the signed Body uses in a value is bound to another namespace above it")
def c14n_prefix_rebound(m, _):
    root = envelope(m, body=query().replace("<m:case>", '<m:case xmlns:k="urn:one">'))
    sign(root, m)
    return text(root).replace('xmlns:k="urn:one"', 'xmlns:k="urn:two"').replace("<m:case ", "<m:case k:x='1' ", 1)


@case("c14n", "digest-mismatch", "the default namespace is undeclared within the signed Body")
def c14n_default_undeclared(m, _):
    return text(signed(m)).replace("<m:purpose>", '<m:purpose xmlns="">', 1).replace("<m:official>", "<official>").replace("</m:official>", "</official>")


@case("c14n", "xml-refused", "a relative namespace URI")
def c14n_relative_namespace(m, _):
    root = envelope(m, body=query().replace("<m:case>", '<m:case xmlns:k="urn:k" k:x="1">'))
    octets = c14n(one(root, "//s:Body")).replace(b"urn:k", b"relative/name")  # libxml2 would not canonicalise it
    listed = reference("#body", digest(octets)) + reference("#time", digest(c14n(one(root, "//wsu:Timestamp"))))
    return text(sign(root, m, listed)).replace("urn:k", "relative/name")


@case("c14n", "xml-refused", "a processing instruction in the signed Body")
def c14n_processing_instruction(m, _):
    root = envelope(m, body=query().replace("<m:case>", "<?x y?><m:case>"))
    return text(sign(root, m))


@case("c14n", "digest-mismatch", "a carriage return as reference becomes one that line-end normalisation removes")
def c14n_carriage_return(m, _):
    root = envelope(m, body=query().replace("inspector 7", "inspector&#13;\n7"))
    return text(sign(root, m)).replace("&#13;\n", "\r\n")


@case("c14n", "digest-mismatch", "CDATA hides an element from canonicalisation")
def c14n_cdata(m, _):
    return text(signed(m)).replace("<m:field>height</m:field>", "<m:field>height</m:field><![CDATA[<m:field>bloodGroup</m:field>]]>")


@case("c14n", "signature-invalid", "an InclusiveNamespaces list that the digest was not made with")
def c14n_inclusive_prefixes(m, _):
    root = signed(m)
    for transform in root.xpath("//ds:Transform", namespaces=NS):
        etree.SubElement(transform, f"{{{EXC}}}InclusiveNamespaces").set("PrefixList", "wsu s")
    return text(root)


@case("c14n", "malformed", "the same attribute twice under two prefixes of one namespace")
def c14n_attribute_twice(m, _):
    return text(signed(m)).replace("<m:case>", '<m:case xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:y="2">', 1)


# --- XML itself

def prolog(m, declaration, use="5ABCDE1"):
    return declaration + text(signed(m)).replace("5ABCDE1", use)


@case("xml", "xml-refused", "a DOCTYPE that declares nothing")
def xml_doctype(m, _):
    return prolog(m, "<!DOCTYPE x>")


@case("xml", "xml-refused", "a billion laughs")
def xml_entity_bomb(m, _):
    declared = '<!ENTITY a "lol">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij"))
    return prolog(m, f"<!DOCTYPE x [{declared}]>", "&j;")


@case("xml", "xml-refused", "quadratic blow-up of one long entity")
def xml_entity_quadratic(m, _):
    return prolog(m, f'<!DOCTYPE x [<!ENTITY a "{"A" * 20000}">]>', "&a;" * 2000)


@case("xml", "xml-refused", "an external entity")
def xml_xxe(m, _):
    return prolog(m, '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "&e;")


@case("xml", "xml-refused", "an external parameter entity")
def xml_xxe_parameter(m, _):
    return prolog(m, '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:1/x"> %e;]>')


@case("xml", "xml-refused", "an external DTD with default attributes")
def xml_external_dtd(m, _):
    return prolog(m, '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">')


@case("xml", "xml-refused", "an entity that nobody declared")
def xml_entity_undeclared(m, _):
    return prolog(m, "", "&fin;")


@case("xml", "malformed", "two roots")
def xml_two_roots(m, _):
    return text(signed(m)) * 2


@case("xml", "malformed", "an attribute twice")
def xml_attribute_twice(m, _):
    return text(signed(m)).replace('wsu:Id="body"', 'wsu:Id="body" wsu:Id="body"')


@case("xml", "malformed", "a prefix that nobody declared")
def xml_prefix_undeclared(m, _):
    return text(signed(m)).replace("<m:case>CASE-77</m:case>", "<n:case>CASE-77</n:case>")


@case("xml", "malformed", "a character that XML 1.0 does not allow")
def xml_character(m, _):
    return text(signed(m)).replace("inspector 7", "inspector&#1;7")


@case("xml", "xml-refused", "XML 1.1")
def xml_version(m, _):
    return '<?xml version="1.1"?>' + text(signed(m))


@case("xml", "xml-refused", "another encoding is declared")
def xml_encoding(m, _):
    return '<?xml version="1.0" encoding="UTF-16"?>' + text(signed(m))


@case("xml", "malformed", "two Bodies")
def envelope_two_bodies(m, _):
    root = signed(m)
    root.append(evil_body())
    return text(root)


@case("xml", "malformed", "two Security headers")
def envelope_two_securities(m, _):
    root = signed(m)
    header = one(root, "/s:Envelope/s:Header")
    etree.SubElement(header, f"{{{WSSE}}}Security")
    return text(root)


@case("xml", "malformed", "an element after the Body")
def envelope_trailer(m, _):
    root = signed(m)
    etree.SubElement(root, "{urn:attacker}trailer")
    return text(root)


@case("xml", "not-understood", "a header block that must be understood, and is not")
def envelope_must_understand(m, _):
    root = signed(m)
    etree.SubElement(one(root, "/s:Envelope/s:Header"), "{urn:attacker}block").set(f"{{{SOAP}}}mustUnderstand", "1")
    return text(root)


def quoted(value):
    return json.dumps(value, ensure_ascii=False)


def main(national, member, other, out):
    out = pathlib.Path(out)
    shutil.rmtree(out / "messages", ignore_errors=True)
    (out / "messages").mkdir(parents=True)
    (out / "trust").mkdir(exist_ok=True)
    for name in ("root.pem", "root.crl", "tls-ca.pem", "tls-ca.crl", "seal-ca.pem", "seal-ca.crl", "directory.pem"):
        shutil.copy(pathlib.Path(national) / "trust" / name, out / "trust" / name)
    for folder, name in ((member, "caller.pem"), (other, "other.pem")):
        shutil.copy(pathlib.Path(folder) / "seal.pem", out / "trust" / name)
    caller, stranger = Member(member), Member(other)
    index = [f'at = "{time()}"\n']
    for group, name, code, why, make in CASES:
        (out / "messages" / f"{name}.xml").write_text(make(caller, stranger), encoding="utf-8", newline="")
        verdict = f"refused = {quoted(code)}\n" if code else ""
        index.append(f"[[message]]\nname = {quoted(name)}\ngroup = {quoted(group)}\n{verdict}why = {quoted(why)}\n")
    (out / "index.toml").write_text("\n".join(index), encoding="utf-8")
    print(f"{len(CASES)} messages")


if __name__ == "__main__":
    main(*sys.argv[1:])
