"""References and their transforms."""

from lxml import etree

from honest import (
    DS,
    ENVELOPED,
    EXC,
    WSU,
    c14n,
    case,
    digest,
    envelope,
    one,
    reference,
    references,
    sign,
    signed,
    text,
    time,
)


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
