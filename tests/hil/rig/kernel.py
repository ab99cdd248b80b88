"""The guest's kernel: Debian's own, plus gpio-sim, which Debian does not ship."""

import lzma
import re
import shutil
import tarfile
from pathlib import Path

from tests.hil.rig import debian
from tests.hil.rig.cache import RigBroken, cache_dir, run, say

WANTED_MODULES = ("9p", "9pnet_virtio", "overlay", "configfs")
_IMAGE_FILES = ("./boot/vmlinuz*", "*/kernel/fs/*", "*/kernel/net/9p/*", "*/kernel/lib/*")
_SOURCES = ("drivers/gpio/gpio-sim.c", "kernel/irq/irq_sim.c")


def fetch_kernel() -> tuple[Path, list[tuple[str, bytes]]]:
    """Have the kernel image, and its modules in the order in which they load."""
    work = cache_dir() / "kernel"
    shutil.rmtree(work, ignore_errors=True)
    image = debian.kernel_image()
    say(f"kernel {image}")
    debian.unpack([image], work / "image", only=_IMAGE_FILES)
    gpio_sim = _build_gpio_sim(image, work)
    modules = _in_load_order(work / "image", WANTED_MODULES)
    modules.append(("gpio_sim.ko", gpio_sim.read_bytes()))
    vmlinuz = cache_dir() / "vmlinuz"
    shutil.copy(next((work / "image/boot").glob("vmlinuz-*")), vmlinuz)
    shutil.rmtree(work)
    return vmlinuz, modules


def _build_gpio_sim(image: str, work: Path) -> Path:
    for tool in ("make", "gcc"):
        if shutil.which(tool) is None:
            raise RigBroken(f"{tool} is needed to build gpio-sim: sudo apt-get install {tool}")
    release = image.removeprefix("linux-image-")
    version = release.removesuffix("-amd64")
    headers = work / "headers"
    debian.unpack(
        [f"linux-headers-{release}", f"linux-headers-{version}-common", f"linux-kbuild-{version}"],
        headers,
    )
    source = _unpack_source(".".join(release.split(".")[:2]), work / "source")
    module = work / "module"
    module.mkdir()
    shutil.copy(source / _SOURCES[0], module / "gpio_sim_main.c")
    (module / "irq_sim.c").write_text(_for_a_module((source / _SOURCES[1]).read_text()))
    (module / "Kbuild").write_text("obj-m := gpio-sim.o\ngpio-sim-y := gpio_sim_main.o irq_sim.o\n")
    build = next((headers / "usr/src").glob("linux-headers-*-amd64"))
    common = next((headers / "usr/src").glob("linux-headers-*-common"))
    (build / "Makefile").write_text(f"include {common}/Makefile\n")  # Debian's is absolute
    run("make", "-s", "-C", build, f"M={module}", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules")
    say("gpio-sim built")
    return module / "gpio-sim.ko"


def _for_a_module(irq_sim: str) -> str:
    """`irq_to_desc` is not exported to modules; these two together do the same."""
    return irq_sim.replace("irq_to_desc(irqnum)", "irq_data_to_desc(irq_get_irq_data(irqnum))")


def _unpack_source(series: str, into: Path) -> Path:
    top = f"linux-source-{series}"
    debian.unpack([top], into, only=("*linux-source*.tar.xz",))
    wanted = {f"{top}/{name}" for name in _SOURCES}
    with tarfile.open(next((into / "usr/src").glob("*.tar.xz"))) as tar:
        for member in tar:  # stops as soon as all are out: the whole takes a minute
            if member.name in wanted:
                tar.extract(member, into, filter="data")
                wanted.remove(member.name)
            if not wanted:
                break
    return into / top


def _in_load_order(tree: Path, wanted: tuple[str, ...]) -> list[tuple[str, bytes]]:
    """Order modules by their own `depends=`, so the guest needs no depmod."""
    paths = {p.name.split(".ko")[0].replace("-", "_"): p for p in tree.rglob("*.ko*")}
    ordered: dict[str, bytes] = {}

    def visit(name: str) -> None:
        name = name.replace("-", "_")
        if name in ordered or name not in paths:
            return  # loaded before, or built into the kernel
        path = paths[name]
        content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        found = re.search(rb"\0depends=([^\0]*)\0", content)
        for dependency in found.group(1).decode().split(",") if found else ():
            visit(dependency)
        ordered[name] = content

    for name in wanted:
        visit(name)
    return [(f"{name}.ko", content) for name, content in ordered.items()]
