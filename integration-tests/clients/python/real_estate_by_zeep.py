"""Asks the register of rights in dwellings from its own WSDL, with zeep, and compares what it says with what is expected.

    real_estate_by_zeep.py <URL of the register> <file with its token> <file with questions and expected rights>
"""

import json
import sys
from pathlib import Path

import requests
import zeep
from zeep.transports import Transport

import exchanges

NAMESPACE = "{urn:mohur:real-estate:1}"


def rights(answer):
    """The rights and restrictions of an answer, as texts."""
    found = []
    for item in answer.LA_BAUnit._value_1 or []:
        for kind, held in item.items():
            if held is not None:
                share = f"{held.share.numerator}/{held.share.denominator}"
                end = "" if held.endLifespanVersion is None else str(held.endLifespanVersion)
                found.append([kind, held.type, share, str(held.beginLifespanVersion), end])
    return found


def main():
    url, token, questions = sys.argv[1:]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {Path(token).read_text().strip()}"
    client = zeep.Client(f"{url}/soap?wsdl", transport=Transport(session=session))
    wrong, checked = [], 0
    for question in json.loads(Path(questions).read_text()):
        checked += 1
        unit = question["unit"]
        try:
            answer = client.service.GetRights({"extPID": question["fin"]}, unit)
        except zeep.exceptions.Fault as fault:
            # The elements of the detail are lxml's.
            code = fault.detail.findtext(f"{NAMESPACE}GetRightsFault/{NAMESPACE}code")
            said = {"fault": code, "blamed": fault.code.split(":")[-1]}
        else:
            said = {"party": answer.LA_Party.extPID, "suID": answer.LA_BAUnit.LA_LegalSpaceBuildingUnit.suID,
                    "rights": rights(answer)}
        if said != question["expected"]:
            wrong.append(f"expected {question['expected']}, came {said}")
    # The register checks the schema by itself: what zeep would not even send is sent by hand.
    for body, status in [("<nothing/>", 500), ("", 500)]:
        reply = session.post(f"{url}/soap", data=body, headers={"Content-Type": "text/xml", "SOAPAction": '""'})
        checked += 1
        if reply.status_code != status or "InvalidRequest" not in reply.text:
            wrong.append(f"{body!r} was answered with {reply.status_code}")
    exchanges.report("questions to the register of dwellings", checked, wrong)


main()
