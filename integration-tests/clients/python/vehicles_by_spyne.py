"""A SOAP service that nobody here wrote the SOAP of: spyne serves vehicles over SOAP 1.1 at /soap11 and SOAP 1.2 at /soap12.

    vehicles_by_spyne.py

Prints its port. `POST /misbehave` with one of none, slow, down, other, extra, garbage sets how it answers from then on. Ends
when its standard input ends.
"""

import datetime
import logging
import os
import sys
import threading
import time
import wsgiref.simple_server

from socketserver import ThreadingMixIn

from spyne import Application, Boolean, ComplexModel, Date, Fault, Integer, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication

logging.disable(logging.CRITICAL)
NAMESPACE = "urn:example:vehicles"
MODE = {"now": "none"}


class Vehicle(ComplexModel):
    __namespace__ = NAMESPACE
    plate = Unicode
    owner = Unicode
    seats = Integer
    registered = Date
    insured = Boolean
    colour = Unicode
    vin = Unicode


KNOWN = {
    "10AA001": dict(owner="Əliyev Vüqar", seats=5, registered=datetime.date(2020, 2, 29), insured=True, colour="2"),
    "99ZZ999": dict(owner="Qasımzadə Nigar", seats=2, registered=datetime.date(2011, 7, 1), insured=False, colour="1"),
}


class Vehicles(ServiceBase):
    @rpc(Unicode(min_occurs=1), Unicode, _returns=Vehicle)
    def GetVehicle(ctx, plate, inspector):
        if plate == "BROKEN1":
            raise RuntimeError("the database is gone")
        if plate not in KNOWN:
            raise Fault(faultcode="Client.NotFound", faultstring="no such vehicle")
        if MODE["now"] == "other":
            plate = next(other for other in KNOWN if other != plate)
        vin = "WVWZZZ1JZXW000001" if MODE["now"] == "extra" else None
        return Vehicle(plate=plate, vin=vin, **KNOWN[plate])


def application(protocol):
    return WsgiApplication(Application([Vehicles], NAMESPACE, in_protocol=protocol(validator="lxml"),
                                       out_protocol=protocol()))


SERVICES = {"/soap11": application(Soap11), "/soap12": application(Soap12)}


def serve(environ, respond):
    path = environ["PATH_INFO"]
    if path == "/misbehave":
        MODE["now"] = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        respond("204 No Content", [])
        return []
    if MODE["now"] == "slow":
        time.sleep(3)
    if MODE["now"] == "down":
        respond("503 Service Unavailable", [("Content-Length", "0")])
        return []
    if MODE["now"] == "garbage":
        respond("200 OK", [("Content-Type", "text/html"), ("Content-Length", "4")])
        return [b"<p>?"]
    return SERVICES[path](environ, respond)


class Server(ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A caller that hung up, as one does at its deadline."""


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


server = wsgiref.simple_server.make_server("127.0.0.1", 0, serve, Server, Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
os._exit(0)
