"""Debian packages. The kernel and QEMU are unpacked into the cache, not installed."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.hil.rig.cache import RigBroken, run, say

KERNEL_PACKAGES = ("linux-image-6.12-amd64", "linux-image-amd64")
"""Tried in this order: Debian 12 has 6.12 beside its own kernel, Debian 13 by default."""

T = TypeVar("T")


def unpack(packages: list[str], into: Path, *, only: tuple[str, ...] = ()) -> None:
    """Download `packages` and unpack them, or just the files that match `only`."""
    downloads = into.with_name(f"{into.name}-debs")
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    into.mkdir(parents=True, exist_ok=True)
    download = ("apt-get", "-o", "APT::Sandbox::User=root", "-qq", "download", *packages)
    _with_package_lists(lambda: run(*download, cwd=downloads))
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
    return _with_package_lists(_find_kernel_image)


def qemu_packages() -> list[str]:
    """Name QEMU's packages and those of its libraries that the host lacks."""
    command = ("apt-get", "-s", "--no-install-recommends", "install", "qemu-system-x86")
    plan = _with_package_lists(lambda: run(*command))
    return sorted({"qemu-system-x86", "seabios", *re.findall(r"^Inst (\S+)", plan, re.MULTILINE)})


def require(what_for: str, packages: list[str], are_there: Callable[[], bool]) -> None:
    """Install `packages` unless `are_there`; for others than root, say how to."""
    if are_there():
        return
    if os.geteuid() == 0:
        say(f"installing {' '.join(packages)}")
        install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        _with_package_lists(lambda: run(*install, env=environment))
    if not are_there():
        raise RigBroken(f"{what_for} needs more; run: sudo apt-get install {' '.join(packages)}")


def _with_package_lists(ask_apt: Callable[[], T]) -> T:
    """Ask apt; as root fetch its package lists and ask again if it does not know."""
    try:
        return ask_apt()
    except RigBroken as error:
        if os.geteuid() != 0:
            raise RigBroken(f"{error}\nRefresh the lists first: sudo apt-get update") from error
    run("apt-get", "update", "-qq")
    return ask_apt()


def _find_kernel_image() -> str:
    for package in KERNEL_PACKAGES:
        try:
            found = re.findall(r"Depends: (linux-image-\S+)", run("apt-cache", "depends", package))
        except RigBroken:
            continue
        if found:
            return str(found[0])
    raise RigBroken(
        f"none of {', '.join(KERNEL_PACKAGES)} is known to apt; the virtual rig needs Debian 12 "
        "or 13 on amd64"
    )
