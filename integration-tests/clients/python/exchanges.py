"""Reads the exchanges that the recorder wrote: one JSON file each."""

import json
import sys
from pathlib import Path


def read(folder):
    """Every exchange in the order in which it took place."""
    return [json.loads(file.read_text()) for file in sorted(Path(folder).glob("*.json"))]


def report(kind, checked, wrong):
    """Says what was checked; ends with 1 if anything was wrong or nothing was there to check."""
    for what in wrong[:20]:
        print(what, file=sys.stderr)
    print(f"{kind}: {checked} checked, {len(wrong)} wrong")
    sys.exit(1 if wrong or not checked else 0)
