"""What one reader takes for something else than another: canonicalisation, and XML itself."""

from lxml import etree

from honest import (
    EXC,
    NS,
    SOAP,
    WSSE,
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
)


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
