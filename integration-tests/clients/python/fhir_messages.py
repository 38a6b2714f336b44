"""Validates every FHIR message with fhir.resources: each Bundle, and each resource in it as what it claims to be.

    fhir_messages.py <folder of exchanges>
"""

import json
import sys

from fhir.resources.R4B import get_fhir_model_class

import exchanges


def check(text):
    """What is wrong with one message, if anything."""
    document = json.loads(text)
    model = get_fhir_model_class(document["resourceType"])
    resource = model.model_validate(document)
    for entry in getattr(resource, "entry", None) or []:
        kind = entry.resource.get_resource_type()
        get_fhir_model_class(kind).model_validate(json.loads(entry.resource.model_dump_json()))
    # What the library understood is what was sent: nothing was taken for an extension and dropped.
    if json.loads(resource.model_dump_json()) != document:
        return "the library reads something else than was sent"
    return None


def main():
    wrong, checked, found = [], 0, 0
    for exchange in exchanges.read(sys.argv[1]):
        checked += 1
        found += '"entry"' in exchange["response"]
        if "?" in exchange["target"] or exchange["method"] != "POST":
            wrong.append(f"{exchange['method']}: a search with its parameters in the URL")
        if exchange["responseType"] != "application/fhir+json":
            wrong.append("the media type is not application/fhir+json")
        try:
            problem = check(exchange["response"])
        except Exception as error:  # whatever the library finds
            problem = str(error)
        if problem:
            wrong.append(problem)
    if found < 20:
        wrong.append("hardly any search found something")
    exchanges.report("FHIR messages", checked, wrong)


main()
