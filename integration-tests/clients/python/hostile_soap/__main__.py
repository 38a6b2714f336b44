"""Writes the hostile SOAP messages of schemas/vectors/soap: each begins as a message that its caller really signed.

    python hostile_soap NATIONAL MEMBER-FOLDER OTHER-FOLDER OUT

NATIONAL, MEMBER-FOLDER and OTHER-FOLDER are what `mohur pki init` and `mohur pki issue seal` made. Nothing of Möhür signs or
canonicalises here: lxml and cryptography do. A verifier pins its clock to the `at` of OUT/index.toml.
"""

import json
import pathlib
import shutil
import sys

import places  # noqa: F401: each of the four registers its messages
import readers  # noqa: F401
import references  # noqa: F401
import signatures  # noqa: F401
from honest import CASES, Member, time


def quoted(value):
    return json.dumps(value, ensure_ascii=False)


def main(national, member, other, out):
    out = pathlib.Path(out)
    shutil.rmtree(out / "messages", ignore_errors=True)
    (out / "messages").mkdir(parents=True)
    (out / "trust").mkdir(exist_ok=True)
    for name in ("root.pem", "root.crl", "tls-ca.pem", "tls-ca.crl", "seal-ca.pem", "seal-ca.crl", "directory.pem"):
        shutil.copy(pathlib.Path(national) / "trust" / name, out / "trust" / name)
    for folder, name in ((member, "caller.pem"), (other, "other.pem")):
        shutil.copy(pathlib.Path(folder) / "seal.pem", out / "trust" / name)
    caller, stranger = Member(member), Member(other)
    index = [f'at = "{time()}"\n']
    for group, name, code, why, make in sorted(CASES, key=lambda case: case[:2]):
        (out / "messages" / f"{name}.xml").write_text(make(caller, stranger), encoding="utf-8", newline="")
        verdict = f"refused = {quoted(code)}\n" if code else ""
        index.append(f"[[message]]\nname = {quoted(name)}\ngroup = {quoted(group)}\n{verdict}why = {quoted(why)}\n")
    (out / "index.toml").write_text("\n".join(index), encoding="utf-8")
    print(f"{len(CASES)} messages")


if __name__ == "__main__":
    main(*sys.argv[1:])
