"""The virtual Pi: set up once into the cache, then booted to run one command."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import frozen

from tests.hil.rig import debian, kernel
from tests.hil.rig.cache import RigBroken, cache_dir, say
from tests.hil.rig.guest import Guest, initramfs, script

QEMU = "qemu-system-x86_64"
_CLOCK = "clocksource=hpet tsc=reliable"
"""On a busy host the guest measures its processor's own counter wrong: once it lived ten minutes
in half a minute. Nor may it find that out and change horses: it patches its code to do so, which
crashed it."""

_STAMP = "ready-4"
"""Raise the number when what is in the cache changes its meaning."""


def set_up() -> None:
    """Fetch and build what a boot needs, unless the cache has it."""
    cache = cache_dir()
    if (cache / _STAMP).exists():
        return
    if os.uname().machine != "x86_64":
        raise RigBroken(
            f"the virtual rig runs on x86-64, this is {os.uname().machine}; "
            "on a Raspberry Pi use --rig jumper"
        )
    debian.unpack(["busybox-static"], cache / "busybox")
    if shutil.which(QEMU) is None:
        debian.unpack(debian.qemu_packages(), cache / "qemu")
        say("qemu unpacked")
    kernel.fetch_kernel()
    (cache / _STAMP).touch()
    say("virtual Pi set up")


def run_in_guest(guest: Guest) -> int:
    """Boot, run the guest's command, print what it prints and return its status.

    Raises `RigBroken` when the guest does not boot or does not end in time.
    """
    with booted(guest) as machine:
        return machine.wait()


@frozen
class Machine:
    """A guest that has been switched on."""

    guest: Guest
    share: Path
    process: subprocess.Popen[bytes]
    began_s: float

    def wait(self) -> int:
        """Wait until the guest's command has ended and return its status."""
        try:
            code = self.process.wait(self.guest.timeout_s)
        except subprocess.TimeoutExpired as error:
            raise RigBroken(f"the guest: {error}\n{_console(self.share)}") from error
        if code or not (self.share / "status").exists():
            raise self.broken()
        say(f"the guest ran for {time.monotonic() - self.began_s:.1f} s")
        return int((self.share / "status").read_text())

    def cut_power(self) -> None:
        """End it at once: whatever its kernel had not handed to the disk is gone."""
        self.process.kill()
        self.process.wait()

    def broken(self) -> RigBroken:
        """Say how far it came, and what its console says."""
        stage = "ended without a status" if (self.share / "booted").exists() else "did not boot"
        code = self.process.poll()
        return RigBroken(f"the guest {stage} ({code}); its console says:\n{_console(self.share)}")


@contextmanager
def booted(guest: Guest) -> Iterator[Machine]:
    """Switch a guest on, and off again in the end. Raises `RigBroken` when QEMU cannot run."""
    with ExitStack() as stack:
        folder = guest.share or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="surveil-hil-")
        )
        share = Path(folder)
        _fill(share, guest)
        try:
            process = subprocess.Popen(
                _qemu_command(guest, share), env=_qemu_environment(), stdin=subprocess.DEVNULL
            )
        except OSError as error:
            raise RigBroken(f"the guest: {error}") from error
        machine = Machine(guest, share, process, time.monotonic())
        stack.callback(machine.cut_power)
        yield machine


def _fill(share: Path, guest: Guest) -> None:
    """Put what a boot needs where the guest and QEMU find it; forget an earlier boot."""
    busybox = cache_dir() / "busybox/bin/busybox"
    shutil.copy(busybox, share / "busybox")
    (share / "initramfs").write_bytes(initramfs(guest, busybox.read_bytes()))
    (share / "command").write_text(script(guest))
    for name in ("booted", "status"):
        (share / name).unlink(missing_ok=True)


def _console(share: Path) -> str:
    console = share / "console"
    return console.read_text(errors="replace")[-3000:] if console.exists() else "(nothing)"


def _qemu_environment() -> dict[str, str]:
    qemu = cache_dir() / "qemu"
    libraries = f"{qemu}/usr/lib/x86_64-linux-gnu:{qemu}/lib/x86_64-linux-gnu"
    return dict(os.environ) if shutil.which(QEMU) else dict(os.environ, LD_LIBRARY_PATH=libraries)


def _qemu_program() -> list[str]:
    if shutil.which(QEMU):
        return [QEMU]
    usr = cache_dir() / "qemu/usr"
    return [f"{usr}/bin/{QEMU}", "-L", f"{usr}/share/qemu", "-L", f"{usr}/share/seabios"]


def _qemu_command(guest: Guest, share: Path) -> list[str]:
    """Say QEMU's command line: no network, a console file, the command's output on stdout.

    QEMU emulates the processor: KVM inside a virtual machine was seen to hang here, and
    a rig that works everywhere in half a minute beats one that is fast somewhere.
    """
    root_fs = f"local,id=root,path={guest.root},security_model=none,readonly=on,multidevs=remap"
    return [
        *_qemu_program(),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", "q35", "-accel", "tcg,tb-size=512", "-cpu", "max",
        "-m", f"{guest.memory_mib}M", "-smp", str(guest.cpus),
        "-kernel", str(kernel.vmlinuz()), "-initrd", f"{share}/initramfs",
        "-append", f"console=ttyS0 panic=-1 quiet mitigations=off no_timer_check {_CLOCK}",
        "-chardev", f"file,id=console,path={share}/console", "-serial", "chardev:console",
        "-chardev", "stdio,id=output,signal=off",
        "-device", "virtio-serial-pci", "-device", "virtconsole,chardev=output",
        "-fsdev", root_fs,
        "-device", "virtio-9p-pci,fsdev=root,mount_tag=hostroot",
        "-fsdev", f"local,id=share,path={share},security_model=none",
        "-device", "virtio-9p-pci,fsdev=share,mount_tag=hilshare",
        "-device", "virtio-rng-pci",
        *_clock(guest), *_disk(guest),
    ]  # fmt: skip


def _clock(guest: Guest) -> list[str]:
    if guest.hardware_clock_utc is None:
        return []
    return ["-rtc", f"base={guest.hardware_clock_utc:%Y-%m-%dT%H:%M:%S}"]


def _disk(guest: Guest) -> list[str]:
    if guest.disk is None:
        return []
    if guest.write_log is None:
        backend = f"driver=raw,file.driver=file,file.filename={guest.disk}"
    else:
        backend = (
            f"driver=blklogwrites,file.driver=file,file.filename={guest.disk},"
            f"log.driver=file,log.filename={guest.write_log}"
        )
    return ["-blockdev", f"{backend},node-name=disk", "-device", "virtio-blk-pci,drive=disk"]
