"""Tokens, and the signature itself."""

import base64
import copy
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from honest import (
    DS,
    ECDSA,
    EXC,
    SHA256,
    c14n,
    case,
    digest,
    envelope,
    evil_body,
    one,
    query,
    reference,
    sign,
    signed,
    text,
    time,
)


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
