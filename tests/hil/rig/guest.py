"""What the guest does from its first instruction on, and the archive it boots from."""

import shlex
import stat
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from attrs import frozen

from tests.hil.rig.kernel import in_load_order, plain_name

VIVID = "vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0"
"""A webcam at /dev/video0; it shows a clock."""

DISK_AT = Path("/mnt")
SHARE_AT = Path("/run/hil")

_DISK_MODULES = ("virtio_blk", "crc32c_generic", "ext4")
_BASE_MODULES = ("9p", "9pnet_virtio", "overlay", "configfs")
_DIR, _FILE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755


@frozen(kw_only=True)
class Guest:
    """One boot: run `command` in `cwd` with exactly `environment`, then power off.

    `root` is the host's folder that becomes the guest's `/`, read-only under a layer of
    RAM. `modules` are kernel modules to load, each with its parameters after it. `disk` is
    an image with an ext4 file system, mounted at `DISK_AT`; all that it is given to write is in
    `write_log` too, an empty file that there must be. What the command writes below `SHARE_AT`
    is in `share` on the host at once, whatever becomes of the guest. `hardware_clock_utc` is
    what its battery clock shows when it is switched on, by default the host's time.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    cwd: Path
    timeout_s: float
    modules: tuple[str, ...] = ("gpio_sim",)
    root: Path = Path("/")
    memory_mib: int = 1024
    cpus: int = 1
    disk: Path | None = None
    write_log: Path | None = None
    share: Path | None = None
    hardware_clock_utc: datetime | None = None


_INIT = r"""#!/bin/busybox sh
BB=/bin/busybox
$BB mount -t proc proc /proc; $BB mount -t sysfs sysfs /sys; $BB mount -t devtmpfs dev /dev
while read module parameters; do
  $BB insmod /mods/$module $parameters || { echo "hil: insmod $module failed"; $BB poweroff -f; }
done < /mods/order
OPTIONS=trans=virtio,version=9p2000.L,msize=262144
$BB mount -t 9p -o $OPTIONS,cache=loose,ro hostroot /ro || $BB poweroff -f

# a folder of the host as root, read-only, under a layer of RAM
$BB mount -t tmpfs tmpfs /rw; $BB mkdir /rw/up /rw/work
$BB mount -t overlay -o lowerdir=/ro,upperdir=/rw/up,workdir=/rw/work overlay /new \
  || $BB poweroff -f
for folder in dev proc sys; do $BB mount --move /$folder /new/$folder; done
$BB mkdir -p /new/dev/shm; $BB mount -t tmpfs tmpfs /new/dev/shm
$BB mount -t tmpfs tmpfs /new/run; $BB mkdir -p /new/run/hil
$BB mount -t configfs configfs /new/sys/kernel/config
$BB mount -t 9p -o $OPTIONS hilshare /new/run/hil
$BB ip link set lo up
[ ! -b /new/dev/vda ] || $BB mount -t ext4 /new/dev/vda /new/mnt || $BB poweroff -f

# the Pi: a bank of 58 lines on gpiochip0 ...
SIM=/new/sys/kernel/config/gpio-sim
if [ -d $SIM ]; then
  $BB mkdir -p $SIM/pi/bank
  echo 58 > $SIM/pi/bank/num_lines; echo pinctrl-bcm2711 > $SIM/pi/bank/label; echo 1 > $SIM/pi/live
fi
# ... and the revision by which gpiozero knows a Pi 4B
( $BB cat /new/proc/cpuinfo; echo; echo "Revision	: c03114" ) > /new/dev/shm/cpuinfo
$BB mount --bind /new/dev/shm/cpuinfo /new/proc/cpuinfo
exec $BB switch_root /new /bin/sh /run/hil/command
"""

_COMMAND = r"""#!/bin/sh
: > /run/hil/booted
( cd {cwd} && env -i {environment} {command} ) </dev/null >/dev/hvc0 2>&1
status=$?
# killed by a signal: the kernel knows where
[ $status -lt 128 ] || /run/hil/busybox dmesg | /run/hil/busybox tail -n 5 >/dev/hvc0
echo $status > /run/hil/status
exec /run/hil/busybox poweroff -f
"""


def script(guest: Guest) -> str:
    """Write what the guest runs once its root is there."""
    return _COMMAND.format(
        cwd=shlex.quote(str(guest.cwd)),
        environment=shlex.join(f"{k}={v}" for k, v in guest.environment.items()),
        command=shlex.join(guest.command),
    )


def initramfs(guest: Guest, busybox: bytes) -> bytes:
    """Pack init, busybox and the modules."""
    parameters_of: dict[str, str] = {}
    disk_modules = _DISK_MODULES if guest.disk else ()
    for line in (*_BASE_MODULES, *disk_modules, *guest.modules):
        name, _, parameters = line.partition(" ")
        parameters_of[plain_name(name)] = parameters
    modules = in_load_order(list(parameters_of))
    order = "".join(f"{name}.ko {parameters_of.get(name, '')}\n" for name, _ in modules)
    return _newc(
        [
            *((name, _DIR, b"") for name in ("bin", "proc", "sys", "dev", "ro", "rw", "new")),
            ("mods", _DIR, b""),
            ("bin/busybox", _FILE, busybox),
            ("init", _FILE, _INIT.encode()),
            ("mods/order", _FILE, order.encode()),
            *((f"mods/{name}.ko", _FILE, content) for name, content in modules),
            ("TRAILER!!!", 0, b""),
        ]
    )


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
