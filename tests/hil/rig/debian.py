"""Debian packages, unpacked into the cache: nothing is installed on the host."""

import re
import shutil
from pathlib import Path

from tests.hil.rig.cache import RigBroken, run

KERNEL_PACKAGES = ("linux-image-6.12-amd64", "linux-image-amd64")
"""Tried in this order: Debian 12 has 6.12 beside its own kernel, Debian 13 by default."""


def unpack(packages: list[str], into: Path, *, only: tuple[str, ...] = ()) -> None:
    """Download `packages` and unpack them, or just the files that match `only`."""
    downloads = into.with_name(f"{into.name}-debs")
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    into.mkdir(parents=True, exist_ok=True)
    try:
        run("apt-get", "-o", "APT::Sandbox::User=root", "-qq", "download", *packages, cwd=downloads)
    except RigBroken as error:
        raise RigBroken(f"{error}\nRefresh the package lists: sudo apt-get update") from error
    for deb in sorted(downloads.glob("*.deb")):
        if only:
            tar = downloads / "data.tar"
            run("sh", "-c", 'dpkg-deb --fsys-tarfile "$1" > "$2"', "sh", deb, tar)
            run("tar", "-x", "-f", tar, "-C", into, "--wildcards", *only)
            tar.unlink()
        else:
            run("dpkg-deb", "-x", deb, into)
    shutil.rmtree(downloads)


def kernel_image() -> str:
    """Name the package of a kernel that has a matching source package."""
    for package in KERNEL_PACKAGES:
        try:
            found = re.findall(r"Depends: (linux-image-\S+)", run("apt-cache", "depends", package))
        except RigBroken:
            continue
        if found:
            return str(found[0])
    raise RigBroken(
        f"none of {', '.join(KERNEL_PACKAGES)} is known to apt; the virtual rig needs Debian 12 "
        "or 13 on amd64 with its package lists (sudo apt-get update)"
    )


def qemu_packages() -> list[str]:
    """Name QEMU's packages and those of its libraries that the host lacks."""
    plan = run("apt-get", "-s", "--no-install-recommends", "install", "qemu-system-x86")
    return sorted({"qemu-system-x86", "seabios", *re.findall(r"^Inst (\S+)", plan, re.MULTILINE)})
