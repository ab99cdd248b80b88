"""What the guest does from its first instruction on, and the archive it boots from."""

import stat
from collections.abc import Iterable

_DIR, _FILE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755

INIT = r"""#!/bin/busybox sh
BB=/bin/busybox
$BB mount -t proc proc /proc; $BB mount -t sysfs sysfs /sys; $BB mount -t devtmpfs dev /dev
for module in $($BB cat /mods/order); do
  $BB insmod /mods/$module || echo "hil: insmod $module failed"
done
OPTIONS=trans=virtio,version=9p2000.L,msize=262144
$BB mount -t 9p -o $OPTIONS,cache=loose,ro hostroot /ro || $BB poweroff -f

# the host's own root, read-only, under a layer of RAM
$BB mount -t tmpfs tmpfs /rw; $BB mkdir /rw/up /rw/work
$BB mount -t overlay -o lowerdir=/ro,upperdir=/rw/up,workdir=/rw/work overlay /new \
  || $BB poweroff -f
for folder in dev proc sys; do $BB mount --move /$folder /new/$folder; done
$BB mkdir -p /new/dev/shm; $BB mount -t tmpfs tmpfs /new/dev/shm
$BB mount -t tmpfs tmpfs /new/run; $BB mkdir -p /new/run/hil
$BB mount -t configfs configfs /new/sys/kernel/config
$BB mount -t 9p -o $OPTIONS hilshare /new/run/hil
$BB ip link set lo up

# the Pi: a bank of 58 lines on gpiochip0 ...
BANK=/new/sys/kernel/config/gpio-sim/pi
$BB mkdir -p $BANK/bank
echo 58 > $BANK/bank/num_lines; echo pinctrl-bcm2711 > $BANK/bank/label; echo 1 > $BANK/live
# ... and the revision by which gpiozero knows a Pi 4B
( $BB cat /new/proc/cpuinfo; echo; echo "Revision	: c03114" ) > /new/dev/shm/cpuinfo
$BB mount --bind /new/dev/shm/cpuinfo /new/proc/cpuinfo
exec $BB switch_root /new /bin/sh /run/hil/command
"""

COMMAND = r"""#!/bin/sh
: > /run/hil/booted
( cd {cwd} && env -i {environment} {command} ) </dev/null >/dev/hvc0 2>&1
status=$?
# killed by a signal: the kernel knows where
[ $status -lt 128 ] || {busybox} dmesg | {busybox} tail -n 5 >/dev/hvc0
echo $status > /run/hil/status
exec {busybox} poweroff -f
"""


def initramfs(busybox: bytes, modules: Iterable[tuple[str, bytes]]) -> bytes:
    """Pack init, busybox and the modules."""
    modules = list(modules)
    entries = [(name, _DIR, b"") for name in ("bin", "proc", "sys", "dev", "ro", "rw", "new")]
    entries += [
        ("mods", _DIR, b""),
        ("bin/busybox", _FILE, busybox),
        ("init", _FILE, INIT.encode()),
    ]
    entries.append(("mods/order", _FILE, " ".join(name for name, _ in modules).encode()))
    entries += [(f"mods/{name}", _FILE, content) for name, content in modules]
    return _newc([*entries, ("TRAILER!!!", 0, b"")])


def _newc(entries: Iterable[tuple[str, int, bytes]]) -> bytes:
    """Write a cpio archive as the kernel reads it (initramfs buffer format, "newc")."""
    archive = bytearray()
    for inode, (name, mode, content) in enumerate(entries, start=1):
        raw_name = name.encode() + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(raw_name), 0)
        for part in (b"070701" + b"".join(b"%08X" % f for f in fields) + raw_name, content):
            archive += part
            archive += b"\0" * (-len(archive) % 4)
    return bytes(archive)
