"""The guest's kernel: Debian's own, plus modules that Debian does not ship."""

import lzma
import re
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from tests.hil.rig import debian
from tests.hil.rig.cache import RigBroken, cache_dir, run, say

_SINGLE_MODULES = ("virtio_blk", "crc32c_generic", "veth", "sch_netem")
"""A disk, the checksum that ext4 asks for, and a cable that loses and delays."""

_IMAGE_FILES = (
    "./boot/vmlinuz*",
    *(f"*/kernel/{part}/*" for part in ("fs", "lib", "net/9p", "drivers/media")),
    *(f"*/{name}.ko*" for name in _SINGLE_MODULES),
)


@frozen(kw_only=True)
class SourceModule:
    """A module to build from Debian's kernel source: `files` in it, `objects` to link."""

    name: str
    files: tuple[str, ...]
    objects: tuple[str, ...]


GPIO_SIM = SourceModule(
    name="gpio-sim",
    files=("drivers/gpio/gpio-sim.c", "kernel/irq/irq_sim.c"),
    objects=("gpio-sim-main.o", "irq_sim.o"),
)
_VIMC = "drivers/media/test-drivers/vimc/vimc"
_VIMC_PARTS = ("capture", "common", "core", "debayer", "lens", "scaler", "sensor", "streamer")
VIMC = SourceModule(
    name="vimc",
    files=(
        *(f"{_VIMC}-{part}.c" for part in _VIMC_PARTS),
        *(f"{_VIMC}-{part}.h" for part in ("common", "streamer")),
    ),
    objects=tuple(f"vimc-{part}.o" for part in _VIMC_PARTS),
)
BUILT_MODULES = (GPIO_SIM, VIMC)


def vmlinuz() -> Path:
    """Say where the kernel is."""
    return cache_dir() / "vmlinuz"


def fetch_kernel() -> None:
    """Put the kernel and its modules, Debian's and the built ones, into the cache."""
    work, modules = cache_dir() / "kernel", _modules_dir()
    for folder in (work, modules):
        shutil.rmtree(folder, ignore_errors=True)
    modules.mkdir()
    image = debian.kernel_image()
    say(f"kernel {image}")
    debian.unpack([image], work / "image", only=_IMAGE_FILES)
    for path in (work / "image").rglob("*.ko*"):
        shutil.move(path, modules / path.name)
    for built in _build_modules(image, work):
        shutil.copy(built, modules)
    shutil.copy(next((work / "image/boot").glob("vmlinuz-*")), vmlinuz())
    shutil.rmtree(work)


def in_load_order(wanted: Sequence[str]) -> list[tuple[str, bytes]]:
    """Read modules and what they depend on from the cache, so the guest needs no depmod.

    Raises `RigBroken` naming a module that is not there.
    """
    paths = {plain_name(path.name.split(".ko")[0]): path for path in _modules_dir().iterdir()}
    ordered: dict[str, bytes] = {}

    def visit(name: str) -> None:
        if name in ordered:
            return
        if name not in paths:
            raise RigBroken(f"kernel module {name!r} is not in {_modules_dir()}; name others there")
        path = paths[name]
        content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        found = re.search(rb"\0depends=([^\0]+)\0", content)
        for dependency in found.group(1).decode().split(",") if found else ():
            visit(plain_name(dependency))
        ordered[name] = content

    for name in wanted:
        visit(plain_name(name))
    return list(ordered.items())


def plain_name(name: str) -> str:
    """Write a module's name as the kernel does."""
    return name.replace("-", "_")


def _modules_dir() -> Path:
    return cache_dir() / "modules"


def _build_modules(image: str, work: Path) -> list[Path]:
    tools = ["make", "gcc"]
    debian.require("to build modules", tools, lambda: all(map(shutil.which, tools)))
    release = image.removeprefix("linux-image-")
    version = release.removesuffix("-amd64")
    headers = work / "headers"
    debian.unpack(
        [f"linux-headers-{release}", f"linux-headers-{version}-common", f"linux-kbuild-{version}"],
        headers,
    )
    source = _unpack_source(".".join(release.split(".")[:2]), work / "source")
    build = next((headers / "usr/src").glob("linux-headers-*-amd64"))
    common = next((headers / "usr/src").glob("linux-headers-*-common"))
    (build / "Makefile").write_text(f"include {common}/Makefile\n")  # Debian's is absolute
    return [_build(module, source, build, work / module.name) for module in BUILT_MODULES]


def _build(module: SourceModule, source: Path, build: Path, folder: Path) -> Path:
    folder.mkdir()
    for file in module.files:
        shutil.copy(source / file, folder)
    if module is GPIO_SIM:
        _make_two_files_one_module(folder)
    if module is VIMC:
        _make_the_sensor_small(folder)
    (folder / "Kbuild").write_text(
        f"obj-m := {module.name}.o\n{module.name}-y := {' '.join(module.objects)}\n"
    )
    run("make", "-s", "-C", build, f"M={folder}", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules")
    say(f"{module.name} built")
    return folder / f"{module.name}.ko"


def _make_two_files_one_module(folder: Path) -> None:
    """Neither part may be named like the whole, and `irq_to_desc` is not for modules."""
    (folder / "gpio-sim.c").rename(folder / "gpio-sim-main.c")
    irq_sim = folder / "irq_sim.c"
    to_desc = "irq_data_to_desc(irq_get_irq_data(irqnum))"  # does the same
    irq_sim.write_text(irq_sim.read_text().replace("irq_to_desc(irqnum)", to_desc))


def _make_the_sensor_small(folder: Path) -> None:
    """1080p, which libcamera would ask of it, takes an emulated processor a second."""
    common = folder / "vimc-common.h"
    text = common.read_text().replace("FRAME_MAX_WIDTH 4096", "FRAME_MAX_WIDTH 320")
    common.write_text(text.replace("FRAME_MAX_HEIGHT 2160", "FRAME_MAX_HEIGHT 240"))


def _unpack_source(series: str, into: Path) -> Path:
    top = f"linux-source-{series}"
    debian.unpack([top], into, only=("*linux-source*.tar.xz",))
    wanted = {f"{top}/{file}" for module in BUILT_MODULES for file in module.files}
    with tarfile.open(next((into / "usr/src").glob("*.tar.xz"))) as tar:
        for member in tar:  # stops as soon as all are out: the whole takes a minute
            if member.name in wanted:
                tar.extract(member, into, filter="data")
                wanted.remove(member.name)
            if not wanted:
                break
    return into / top
