#!/bin/sh
# Run a command of a folder with another Debian:
#   enter.sh DEBIAN CHECKOUT WHEELS COMMAND...
set -eu
debian=$1 checkout=$2 wheels=$3
shift 3

for folder in /dev /proc /sys /run "$checkout" "$wheels"; do
  mkdir -p "$debian$folder"
  mount --bind "$folder" "$debian$folder"
done

# libcamera overlooks a device that udev has not set up, and no udev runs here
mkdir -p /run/udev/data
for number in /sys/class/video4linux/*/dev /sys/bus/media/devices/*/dev; do
  : > "/run/udev/data/c$(cat "$number")"
done

# Picamera2 takes its memory from a Pi's heap; any heap does for VIMC
ln -s system /dev/dma_heap/linux,cma

cd "$debian"
exec chroot . sh -c 'cd "$1" && shift && exec "$@"' sh "$checkout" "$@"
