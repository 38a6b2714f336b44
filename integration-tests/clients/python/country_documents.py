"""Checks the machine-readable zone of every document of a country with PyPI `mrz`.

    python country_documents.py documents.csv
"""

import csv
import sys
from datetime import date

from mrz.checker.td1 import TD1CodeChecker
from mrz.checker.td2 import TD2CodeChecker
from mrz.checker.td3 import TD3CodeChecker

CHECKERS = {(3, 30): TD1CodeChecker, (2, 36): TD2CodeChecker, (2, 44): TD3CodeChecker}
# ICAO Doc 9303 part 5 keeps AC for crew member certificates; `mrz` knows no card with it.
CREW = "[('document type format', False)]"


def complaint(row):
    lines = row["mrz"].split("\n")
    checker = CHECKERS[len(lines), len(lines[0])](row["mrz"], check_expiry=False)
    if not checker and not (row["kind"] == "crew-certificate" and str(checker.report.falses) == CREW):
        return str(checker.report.falses)
    fields = checker.fields()
    expected = {
        "document_number": row["number"],
        "country": row["issuing_state"],
        "nationality": row["nationality"],
        "birth_date": date.fromisoformat(row["birth_date"]).strftime("%y%m%d"),
        "expiry_date": date.fromisoformat(row["expires_on"]).strftime("%y%m%d"),
        "sex": row["sex"],
        "optional_data": row["fin"],
    }
    told = {name: getattr(fields, name).strip("<") for name in expected}
    return None if told == expected else f"{told} instead of {expected}"


def main(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["mrz"]]
    wrong = {(row["kind"], said): row["mrz"] for row in rows if (said := complaint(row))}
    kinds = sorted({row["kind"] for row in rows})
    print(f"{len(rows)} zones of {len(kinds)} kinds: {', '.join(kinds)}")
    assert rows and not wrong, wrong


if __name__ == "__main__":
    main(sys.argv[1])
