"""Reads every ISO 20022 message strictly with the bindings of pyiso20022, which are generated from the XML Schemas, and
checks each value against the facets of its type.

    iso20022_messages.py <folder of exchanges>
"""

import collections
import dataclasses
import importlib
import re
import sys

from lxml import etree
from xsdata.formats.dataclass.context import XmlContext
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer

import exchanges

PARSER = XmlParser(
    context=XmlContext(), config=ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True,
                                              fail_on_converter_warnings=True)
)
NAMESPACE = re.compile(r'xmlns="urn:iso:std:iso:20022:tech:xsd:((\w+)\.\d+\.\d+\.\d+)"')


def facets(value, path=""):
    """What the values of a message break: required parts, lengths, patterns."""
    for field in dataclasses.fields(value):
        rules, held = field.metadata, getattr(value, field.name)
        where = f"{path}/{rules.get('name', field.name)}"
        if held is None or held == []:
            if rules.get("required") or rules.get("min_occurs", 0) > 0:
                yield f"{where} is missing"
            continue
        for item in held if isinstance(held, list) else [held]:
            if dataclasses.is_dataclass(item):
                yield from facets(item, where)
            elif isinstance(item, str):
                if len(item) < rules.get("min_length", 0) or len(item) > rules.get("max_length", sys.maxsize):
                    yield f"{where} has the wrong length"
                if "pattern" in rules and not re.fullmatch(rules["pattern"], item):
                    yield f"{where} does not fit its pattern"


def tags(text):
    """The names of all elements, in their order."""
    return [element.tag for element in etree.fromstring(text.encode()).iter()]


def check(text):
    """The kind of a message and what is wrong with it."""
    found = NAMESPACE.search(text)
    if not found:
        return "no kind", ["the namespace is none of ISO 20022's"]
    kind, family = found.groups()
    module = importlib.import_module(f"pyiso20022.{family}.{kind.replace('.', '_')}")
    message = PARSER.from_string(text, module.Document)
    problems = list(facets(message))
    # The bindings write in the order of the schema: another order was sent if the two differ.
    if tags(text) != tags(XmlSerializer(context=PARSER.context).render(message)):
        problems.append("the elements are not in the order of the schema")
    return kind, problems


def main():
    wrong, seen = [], collections.Counter()
    for exchange in exchanges.read(sys.argv[1]):
        for text in (exchange["request"], exchange["response"]):
            try:
                kind, problems = check(text)
            except Exception as error:  # whatever the library finds
                kind, problems = "unreadable", [repr(error)]
            seen[kind] += 1
            wrong.extend(f"{kind}: {problem}" for problem in problems)
    for kind in ("pacs.028.001.03", "pacs.002.001.10", "camt.060.001.05", "camt.054.001.08"):
        if not seen[kind]:
            wrong.append(f"no {kind} was recorded")
    exchanges.report("ISO 20022 messages", sum(seen.values()), wrong)


main()
