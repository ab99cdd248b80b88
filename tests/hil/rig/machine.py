"""The virtual Pi: set up once into the cache, then booted to run one command."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.hil.rig import debian, kernel
from tests.hil.rig.cache import RigBroken, cache_dir, say
from tests.hil.rig.guest import Guest, initramfs, script

QEMU = "qemu-system-x86_64"
_STAMP = "ready-3"
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
    with tempfile.TemporaryDirectory(prefix="surveil-hil-") as folder:
        share = Path(folder)
        busybox = cache_dir() / "busybox/bin/busybox"
        shutil.copy(busybox, share / "busybox")
        (share / "initramfs").write_bytes(initramfs(guest, busybox.read_bytes()))
        (share / "command").write_text(script(guest))
        began_s = time.monotonic()
        try:
            subprocess.run(
                _qemu_command(guest, share),
                env=_qemu_environment(),
                timeout=guest.timeout_s,
                stdin=subprocess.DEVNULL,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise RigBroken(f"the guest: {error}\n{_console(share)}") from error
        if not (share / "status").exists():
            stage = "ended without a status" if (share / "booted").exists() else "did not boot"
            raise RigBroken(f"the guest {stage}; its console says:\n{_console(share)}")
        say(f"the guest ran for {time.monotonic() - began_s:.1f} s")
        return int((share / "status").read_text())


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
        "-append", "console=ttyS0 panic=-1 quiet mitigations=off tsc=reliable no_timer_check",
        "-chardev", f"file,id=console,path={share}/console", "-serial", "chardev:console",
        "-chardev", "stdio,id=output,signal=off",
        "-device", "virtio-serial-pci", "-device", "virtconsole,chardev=output",
        "-fsdev", root_fs,
        "-device", "virtio-9p-pci,fsdev=root,mount_tag=hostroot",
        "-fsdev", f"local,id=share,path={share},security_model=none",
        "-device", "virtio-9p-pci,fsdev=share,mount_tag=hilshare",
        "-device", "virtio-rng-pci",
    ]  # fmt: skip
