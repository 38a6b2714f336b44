"""Asks the stand-in of Interpol's databases from its own WSDL, with zeep: both steps, and a report of a document.

    interpol_by_zeep.py <URL of the databases> <file with a token> <file with alerts as JSON>
"""

import json
import sys
from pathlib import Path

import requests
import zeep
from zeep.helpers import serialize_object
from zeep.transports import Transport

import exchanges

NAMESPACE = "{urn:mohur:interpol:1}"


def fault_of(call):
    """The code in the detail of the fault that a call ends with."""
    try:
        call()
    except zeep.exceptions.Fault as fault:
        return fault.detail.findtext(f"{NAMESPACE}InterpolFault/{NAMESPACE}code")
    return None


def main():
    url, token, alerts = sys.argv[1:]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {Path(token).read_text().strip()}"
    service = zeep.Client(f"{url}/soap?wsdl", transport=Transport(session=session)).service
    wrong, checked = [], 0

    def same(what, said, expected):
        nonlocal checked
        checked += 1
        if said != expected:
            wrong.append(f"{what}: expected {expected}, came {said}")

    for alert in json.loads(Path(alerts).read_text()):
        found = service.Search(Bureau="AZE", **alert["key"])
        same("hits", (found.Total, [hit.Action for hit in found.Hit]), (1, [alert["action"]]))
        record = service.GetRecord(Bureau="AZE", RecordId=found.Hit[0].RecordId)
        same("record", (record.Owner, record.Reason), (alert["owner"], alert["reason"]))
        (kind,) = alert["key"]
        told = serialize_object(record, dict)[kind]
        if kind == "Person":
            told = {"Name": f"{told['FamilyName']} {told['GivenName']}", "BirthDate": str(told["BirthDate"])}
        same("subject", {name: told[name] for name in alert["key"][kind]}, alert["key"][kind])
    nobody = service.Search(Bureau="AZE", Person={"Name": "NEMO NOBODY", "BirthDate": "1970-01-01"})
    same("nobody", (nobody.Total, nobody.Hit), (0, []))
    same("no record", fault_of(lambda: service.GetRecord(Bureau="AZE", RecordId="0123456789ABCDEF0123")), "UnknownRecord")
    own = {"IssuingState": "AZE", "Type": "P", "Number": "C70000042"}
    ids = {service.PublishDocument(Bureau="AZE", Document=own, Reason="lost").RecordId for _ in range(2)}
    same("one record of one document", len(ids), 1)
    same("it is found", service.Search(Bureau="GEO", Document=own).Hit[0].RecordId, ids.pop())
    foreign = dict(own, IssuingState="TUR")
    report = fault_of(lambda: service.PublishDocument(Bureau="AZE", Document=foreign, Reason="lost"))
    same("another country's document", report, "NotTheIssuer")
    exchanges.report("questions to Interpol's databases", checked, wrong)


main()
