"""The directory as PyPI's `tuf` and `securesystemslib` see it: read one that Möhür signed, or sign one for Möhür to read.

    python directory_by_tuf.py read FOLDER ROOT STATE     every file that its roles list, by digest, as JSON
    python directory_by_tuf.py found FOLDER               a repository with delegations, thresholds and a rotated root
"""

import hashlib
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib import parse

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import DelegatedRole, Delegations, MetaFile, Metadata, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater

EXPIRES = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=30)


class Folder(FetcherInterface):
    """A repository in a folder. Names are taken as they stand in the address, percent-encoded ones too."""

    def _fetch(self, url):
        file = Path(url.removeprefix("file://"))
        if not file.exists():
            raise DownloadHTTPError(f"{file} is not there", 404)
        yield file.read_bytes()


def read(folder, root, state):
    for name in ("metadata", "targets"):
        (Path(state) / name).mkdir(parents=True, exist_ok=True)
    updater = Updater(
        metadata_dir=f"{state}/metadata",
        metadata_base_url=f"file://{folder}/metadata/",
        target_dir=f"{state}/targets",
        target_base_url=f"file://{folder}/targets/",
        fetcher=Folder(),
        bootstrap=Path(root).read_bytes(),
    )
    updater.refresh()
    files = {}
    targets = Metadata.from_file(f"{state}/metadata/targets.json").signed
    for role in targets.delegations.roles.values():
        # Asked for by path, each file comes from the role that speaks for it, or not at all.
        for version in sorted(Path(folder, "metadata").glob(f"*.{parse.quote(role.name, '')}.json")):
            for path in Metadata.from_file(str(version)).signed.targets:
                info = updater.get_targetinfo(path)
                if info is not None:
                    content = Path(updater.download_target(info)).read_bytes()
                    files[path] = hashlib.sha256(content).hexdigest()
    root = Metadata.from_file(f"{state}/metadata/root.json").signed.version
    print(json.dumps({"root": root, "files": files}))


def found(folder):
    metadata, content = Path(folder, "metadata"), Path(folder, "targets")
    metadata.mkdir(parents=True)
    officers = [CryptoSigner.generate_ecdsa() for _ in range(3)]
    online, members = CryptoSigner.generate_ed25519(), [CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa()]
    agency = CryptoSigner.generate_ecdsa()

    def save(name, version, signed, signers):
        envelope = Metadata(signed)
        for number, signer in enumerate(signers):
            envelope.sign(signer, append=number > 0)
        prefix = "" if name == "timestamp" else f"{version}."
        envelope.to_file(str(metadata / f"{prefix}{parse.quote(name, '')}.json"))

    def listing(files):
        targets = Targets(version=1, expires=EXPIRES)
        for path, data in files.items():
            info = TargetFile.from_data(path, data)
            targets.targets[path] = info
            file = content / Path(path).parent / f"{info.hashes['sha256']}.{Path(path).name}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return targets

    root = Root(version=1, expires=EXPIRES, consistent_snapshot=True)
    for officer in officers:
        root.add_key(officer.public_key, "root")
        root.add_key(officer.public_key, "targets")
    root.roles["root"].threshold = root.roles["targets"].threshold = 2
    for role in ("snapshot", "timestamp"):
        root.add_key(online.public_key, role)
    save("root", 1, root, officers[:2])
    # One officer goes, another comes: signed by the old threshold and the new.
    newcomer = CryptoSigner.generate_ed25519()
    root.version = 2
    for role in ("root", "targets"):
        root.revoke_key(officers[0].public_key.keyid, role)
        root.add_key(newcomer.public_key, role)
    save("root", 2, root, [officers[0], officers[1], newcomer])

    def role(name, keys, threshold):
        ids = [key.public_key.keyid for key in keys]
        return DelegatedRole(name, ids, threshold, terminating=True, paths=[f"{name}/*"])

    top = Targets(version=1, expires=EXPIRES)
    everyone = {key.public_key.keyid: key.public_key for key in [*members, agency]}
    roles = [role("members", members, 2), role("policy/MOJ", [agency], 1)]
    top.delegations = Delegations(keys=everyone, roles={each.name: each for each in roles})
    save("targets", 1, top, [officers[1], newcomer])
    save("members", 1, listing({"members/members.json": b"everybody\n"}), members)
    # What another role would have to list is nobody's.
    save("policy/MOJ", 1, listing({"policy/MOJ/policy.json": b"permit\n", "members/other.json": b"us\n"}), [agency])
    meta = {f"{name}.json": MetaFile(1) for name in ("targets", "members", "policy/MOJ")}
    save("snapshot", 1, Snapshot(version=1, expires=EXPIRES, meta=meta), [online])
    save("timestamp", 1, Timestamp(version=1, expires=EXPIRES, snapshot_meta=MetaFile(1)), [online])


if __name__ == "__main__":
    {"read": read, "found": found}[sys.argv[1]](*sys.argv[2:])
