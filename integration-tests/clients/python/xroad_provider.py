"""An X-Road provider of people, as a ministry may have one: PyPI fastapi-xroad-soap for SOAP, Starlette for REST.

    python xroad_provider.py PEOPLE.json [CERTIFICATE KEY [CLIENTS]]

serves on a free port of 127.0.0.1 and prints it. With a certificate it speaks TLS; with CLIENTS it wants one from its
clients, too. It knows nothing of Möhür.
"""

import hashlib
import json
import socket
import ssl
import sys

import uvicorn
from fastapi_xroad_soap import MessageBody, SoapService
from fastapi_xroad_soap.elements import Integer, String, SwaRef
from fastapi_xroad_soap.faults import SoapFault
from lxml import etree
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

PEOPLE = json.load(open(sys.argv[1], encoding="utf-8"))
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XROAD = "http://x-road.eu/xsd/xroad.xsd"
NAMESPACE = "http://people.example/xroad"

service = SoapService(path="/service", this_namespace=NAMESPACE)


class GetPerson(MessageBody, tag="getPerson"):
    number = String(tag="number")


class GetPersonResponse(MessageBody, tag="getPersonResponse"):
    number = String(tag="number")
    surname = String(tag="surname")
    height = Integer(tag="height")


@service.action("getPerson")
def get_person(body: GetPerson) -> GetPersonResponse:
    person = PEOPLE.get(body.number)
    if person is None:
        raise SoapFault(code="Client.NoSuchPerson", string="nobody has this number")
    return GetPersonResponse(number=body.number, surname=person["surname"], height=person["height"])


class GetPersonWhole(MessageBody, tag="getPersonWhole"):
    number = String(tag="number")


@service.action("getPersonWhole")
def get_person_whole(body: GetPersonWhole) -> GetPersonResponse:
    return get_person(body)


class Attached(SwaRef.Element):
    allow_mimetypes = ["application/octet-stream"]


class KeepDocument(MessageBody, tag="keepDocument"):
    number = String(tag="number")
    document = Attached(tag="document")


class KeepDocumentResponse(MessageBody, tag="keepDocumentResponse"):
    number = String(tag="number")
    sha256 = String(tag="sha256")


@service.action("keepDocument")
def keep_document(body: KeepDocument) -> KeepDocumentResponse:
    digest = hashlib.sha256(body.document.content).hexdigest()
    return KeepDocumentResponse(number=body.number, sha256=digest)


WSDL = f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xro="{XROAD}" xmlns:tns="{NAMESPACE}" targetNamespace="{NAMESPACE}">
  <wsdl:types>
    <schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}" elementFormDefault="qualified">
      <import namespace="{XROAD}" schemaLocation="http://x-road.eu/xsd/xroad.xsd"/>
      <element name="findPerson"><complexType><sequence><element name="number" type="string"/></sequence></complexType></element>
      <element name="findPersonResponse"><complexType><sequence><element name="surname" type="string"/></sequence></complexType></element>
    </schema>
  </wsdl:types>
  <wsdl:message name="findPerson"><wsdl:part name="parameters" element="tns:findPerson"/></wsdl:message>
  <wsdl:message name="findPersonResponse"><wsdl:part name="parameters" element="tns:findPersonResponse"/></wsdl:message>
  <wsdl:message name="headers">
    <wsdl:part name="client" element="xro:client"/><wsdl:part name="service" element="xro:service"/>
    <wsdl:part name="id" element="xro:id"/><wsdl:part name="userId" element="xro:userId"/>
    <wsdl:part name="protocolVersion" element="xro:protocolVersion"/>
  </wsdl:message>
  <wsdl:portType name="people">
    <wsdl:operation name="findPerson">
      <wsdl:input message="tns:findPerson"/><wsdl:output message="tns:findPersonResponse"/>
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="people" type="tns:people">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="findPerson">
      <soap:operation soapAction=""/>
      <wsdl:input>
        <soap:header message="tns:headers" part="client" use="literal"/>
        <soap:header message="tns:headers" part="service" use="literal"/>
        <soap:header message="tns:headers" part="id" use="literal"/>
        <soap:header message="tns:headers" part="userId" use="literal"/>
        <soap:header message="tns:headers" part="protocolVersion" use="literal"/>
        <soap:body use="literal"/>
      </wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="people">
    <wsdl:port name="people" binding="tns:people"><soap:address location="http://10.1.2.3:8080/internal"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>
"""


async def find_person(request):
    """The same in the manner of older providers: lxml, qualified elements, headers copied as they came."""
    if request.method == "GET":
        return Response(WSDL, media_type="text/xml")
    envelope = etree.fromstring(await request.body())
    number = envelope.findtext(f".//{{{NAMESPACE}}}number")
    body = envelope.find(f"{{{SOAP}}}Body")
    for child in list(body):
        body.remove(child)
    person = PEOPLE.get(number)
    if person is None:
        fault = etree.SubElement(body, f"{{{SOAP}}}Fault")
        etree.SubElement(fault, "faultcode").text = "Server.NoSuchPerson"
        etree.SubElement(fault, "faultstring").text = "nobody has this number"
        return Response(etree.tostring(envelope), status_code=500, media_type="text/xml")
    answer = etree.SubElement(body, f"{{{NAMESPACE}}}findPersonResponse")
    etree.SubElement(answer, f"{{{NAMESPACE}}}surname").text = person["surname"]
    return Response(etree.tostring(envelope), media_type="text/xml")


async def person(request):
    number = request.path_params["number"]
    found = PEOPLE.get(number)
    if found is None:
        return JSONResponse({"error": "nobody has this number"}, status_code=404)
    return JSONResponse({"number": number, **found})


async def search(request):
    """Says what reached it."""
    seen = {name: value for name, value in request.headers.items() if name.startswith("x-")}
    body = (await request.body()).decode()
    return JSONResponse({"path": request.url.path, "query": request.url.query, "headers": seen, "body": body}, 202)


async def openapi(_request):
    return JSONResponse({"openapi": "3.0.0", "info": {"title": "people", "version": "1"}, "paths": {}})


app = Starlette(
    routes=[
        Route("/find", find_person, methods=["GET", "POST"]),
        Route("/api/people/{number}", person),
        Route("/api/search/{rest:path}", search, methods=["GET", "POST"]),
        Route("/openapi.json", openapi),
        Mount("/", service),
    ]
)


def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    settings = {"log_level": "warning"}
    if len(sys.argv) > 2:
        settings |= {"ssl_certfile": sys.argv[2], "ssl_keyfile": sys.argv[3]}
    if len(sys.argv) > 4:
        settings |= {"ssl_ca_certs": sys.argv[4], "ssl_cert_reqs": ssl.CERT_REQUIRED}
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, **settings)).run(sockets=[listener])


if __name__ == "__main__":
    main()
