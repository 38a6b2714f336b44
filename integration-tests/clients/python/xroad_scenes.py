"""What X-Road clients ask at the door, and what they are told, as one JSON document: PyPI pyxroad over SOAP, PyPI requests
over REST and with attachments. They know nothing of Möhür.

    python xroad_scenes.py BRIEF.json
"""

import base64
import hashlib
import json
import ssl
import sys

import requests
from lxml import etree
from requests.adapters import HTTPAdapter
from XRoad import XClient
from zeep import Settings
from zeep.cache import InMemoryCache
from zeep.exceptions import Fault
from zeep.transports import Transport

BRIEF = json.load(open(sys.argv[1], encoding="utf-8"))
CLIENT, OWNER, DOOR = BRIEF["client"], BRIEF["owner"], BRIEF["door"]
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XROAD = "http://x-road.eu/xsd/xroad.xsd"
IDENTIFIERS = "http://x-road.eu/xsd/identifiers"

# The schemas that WSDLs import by these names. They are on the web; a test does not go there.
TEXTS = ["id", "userId", "issue", "protocolVersion"]
CODES = ["xRoadInstance", "memberClass", "memberCode", "subsystemCode", "serviceCode", "serviceVersion"]
SCHEMAS = {
    "http://x-road.eu/xsd/xroad.xsd": f"""<schema xmlns="http://www.w3.org/2001/XMLSchema" xmlns:i="{IDENTIFIERS}"
        targetNamespace="{XROAD}" elementFormDefault="qualified">
        <import namespace="{IDENTIFIERS}" schemaLocation="http://x-road.eu/xsd/identifiers.xsd"/>
        <element name="client" type="i:Named"/><element name="service" type="i:Named"/>
        {"".join(f'<element name="{name}" type="string"/>' for name in TEXTS)}</schema>""",
    "http://x-road.eu/xsd/identifiers.xsd": f"""<schema xmlns="http://www.w3.org/2001/XMLSchema" xmlns:i="{IDENTIFIERS}"
        targetNamespace="{IDENTIFIERS}" elementFormDefault="qualified">
        {"".join(f'<element name="{name}" type="string"/>' for name in CODES)}
        <attribute name="objectType" type="string"/>
        <complexType name="Named"><sequence>
        {"".join(f'<element ref="i:{name}" minOccurs="0"/>' for name in CODES)}
        </sequence><attribute ref="i:objectType" use="required"/></complexType></schema>""",
    "http://ws-i.org/profiles/basic/1.1/swaref.xsd": """<schema xmlns="http://www.w3.org/2001/XMLSchema"
        targetNamespace="http://ws-i.org/profiles/basic/1.1/xsd"><simpleType name="swaRef"><restriction base="anyURI"/>
        </simpleType></schema>""",
}


class ShowsItsCertificate(HTTPAdapter):
    """pyxroad reaches the door as an HTTP proxy, and requests shows its certificate to servers only."""

    def proxy_manager_for(self, proxy, **more):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.load_cert_chain(*BRIEF["certificate"])
        return super().proxy_manager_for(proxy, ssl_context=context, **more)


def session():
    made = requests.Session()
    made.trust_env = False
    made.verify = BRIEF["authority"] or True
    if BRIEF["certificate"]:
        made.cert = tuple(BRIEF["certificate"])
        made.mount("http://", ShowsItsCertificate())
    return made


def client(service):
    cache = InMemoryCache()
    for url, schema in SCHEMAS.items():
        cache.add(url, schema.encode())
    # A WSDL that came over https makes zeep ask its address over https, too; pyxroad sends only http to the door.
    settings = Settings(force_https=False)
    transport = Transport(cache=cache, session=session())
    return XClient(DOOR, CLIENT, f"{OWNER}/{service}", transport=transport, settings=settings)


def plain(answer):
    """Where the WSDL describes headers of the answer, zeep gives them beside the body."""
    return answer["body"] if isinstance(answer, dict) and "body" in answer else answer


def soap_by_pyxroad(service):
    """One object asks several times, always under the same id: so it is made."""
    asking = client(service)
    told = {scene: plain(asking.request(number=BRIEF["fin"])) for scene in ["found", "again"]}
    try:
        told["nobody"] = asking.request(number=BRIEF["nobody"])
    except Fault as fault:
        told["nobody"] = {"fault": str(fault.message)}
    return told


def envelope(service, body, user="inspector-7"):
    """As SoapUI writes it from a provider's WSDL: what fastapi-xroad-soap reads."""

    def codes(*values):
        return "".join(f"<iden:{name}>{value}</iden:{name}>" for name, value in zip(CODES, values))

    return (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:xro="{XROAD}" xmlns:iden="{IDENTIFIERS}"><soapenv:Header>'
        f'<xro:client iden:objectType="SUBSYSTEM">{codes(*CLIENT.split("/"))}</xro:client>'
        f'<xro:service iden:objectType="SERVICE">{codes(*OWNER.split("/"), *service.split("/"))}</xro:service>'
        f"<xro:id>4894e35d</xro:id><xro:userId>{user}</xro:userId><xro:protocolVersion>4.0</xro:protocolVersion>"
        f"</soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )


def post(body, content_type="text/xml; charset=utf-8"):
    headers = {"Content-Type": content_type, "SOAPAction": '"as-the-client-likes"'}
    return session().post(DOOR + "/any/path", data=body.encode(), headers=headers, timeout=30)


def soap_told(response, request):
    answer = etree.fromstring(response.content)
    body = answer.find(f"{{{SOAP}}}Body")[0]
    if body.tag == f"{{{SOAP}}}Fault":
        return {"status": response.status_code, "fault": body.findtext("faultcode")}
    header = answer.find(f"{{{SOAP}}}Header")
    expected = base64.b64encode(hashlib.sha512(request.encode()).digest()).decode()
    return {
        "status": response.status_code,
        "body": {etree.QName(child).localname: child.text for child in body},
        "requestHash": header.findtext(f"{{{XROAD}}}requestHash") == expected,
        "id": header.findtext(f"{{{XROAD}}}id"),
    }


def whole_by_requests():
    body = f"<getPersonWhole><number>{BRIEF['fin']}</number></getPersonWhole>"
    asked = envelope("getPersonWhole/v1", body)
    return soap_told(post(asked), asked)


def attachment():
    content = bytes(range(256))
    asked = envelope(
        "keepDocument/v1",
        f"<keepDocument><number>{BRIEF['fin']}</number><document>cid:scan.bin</document></keepDocument>",
    )
    parts = (
        f"--part\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <root>\r\n\r\n{asked}\r\n"
        "--part\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <scan.bin>\r\n"
        'Content-Disposition: attachment; name="scan.bin"; filename="scan.bin"\r\n\r\n'
        f"{base64.b64encode(content).decode()}\r\n--part--\r\n"
    )
    response = post(parts, 'multipart/related; type="text/xml"; start="<root>"; boundary="part"')
    told = soap_told(response, asked)
    told["same"] = told.get("body", {}).get("sha256") == hashlib.sha256(content).hexdigest()
    return told


def rest(method, path, **more):
    headers = {"X-Road-Client": CLIENT, "X-Road-UserId": "inspector-7", "X-Own": "kept"} | more.pop("headers", {})
    response = session().request(method, f"{DOOR}/r1/{OWNER}/{path}", headers=headers, timeout=30, **more)
    kind = response.headers.get("content-type", "")
    return {
        "status": response.status_code,
        "body": response.json() if "json" in kind else response.text,
        "error": response.headers.get("X-Road-Error"),
        "service": response.headers.get("X-Road-Service"),
        "hash": len(response.headers.get("X-Road-Request-Hash", "")),
    }


def refused():
    person = f"<getPersonWhole><number>{BRIEF['fin']}</number></getPersonWhole>"
    stranger = envelope("getPersonWhole/v1", person).replace("id-cards", "others")
    another = envelope("getPersonWhole/v1", person.replace("getPersonWhole>", "getPersonWholeAgain>"))
    return {
        "stranger": soap_told(post(stranger), stranger),
        "another element": soap_told(post(another), another),
        "unlisted": rest("GET", "secret/people"),
        "method": rest("DELETE", "search/a"),
        "climbing": rest("GET", "search/%2e%2e/people"),
    }


def description():
    """What pyxroad loads first."""
    owner = dict(zip(CODES, OWNER.split("/")))
    response = session().get(f"{DOOR}/wsdl", params=owner | {"serviceCode": "findPerson", "version": "v1"}, timeout=30)
    wsdl = etree.fromstring(response.content)
    addresses = wsdl.iterfind(".//{http://schemas.xmlsoap.org/wsdl/soap/}address")
    told = {"status": response.status_code, "root": etree.QName(wsdl).localname}
    told["addresses"] = [address.get("location") for address in addresses]
    if told["root"] != "definitions":
        told["said"] = response.text
    return told


def main():
    wsdl = description()
    if wsdl["root"] != "definitions":
        sys.exit(f"no WSDL: {wsdl}")
    told = {
        "wsdl": wsdl,
        "mapped": soap_by_pyxroad("getPerson/v1"),
        "whole": soap_by_pyxroad("findPerson/v1"),
        "by hand": whole_by_requests(),
        "attachment": attachment(),
        "rest mapped": rest("GET", f"person/{BRIEF['fin']}"),
        "rest nobody": rest("GET", f"person/{BRIEF['nobody']}"),
        "rest whole": rest("POST", "search/a%20b?x=1&x=2", data="{}", headers={"Content-Type": "application/json"}),
        "openapi": rest("GET", "getOpenAPI?serviceCode=search"),
        "refused": refused(),
    }
    print(json.dumps(told, ensure_ascii=False, default=str))


if __name__ == "__main__":
    main()
