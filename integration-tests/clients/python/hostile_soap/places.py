"""Honest messages; and signed Bodies, ids and Timestamps that are not where they were signed."""

import copy

from lxml import etree

from honest import (
    CASES,
    DS,
    ENVELOPED,
    EXC,
    SOAP,
    WSU,
    XML,
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
    wrapped,
)


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
