"""Hardware in the loop: a real kernel GPIO line that the tests can drive.

`virtual` boots a real Linux kernel in QEMU with a simulated GPIO chip (`gpio-sim`). The
guest's root is the host's own `/`, read-only under a RAM overlay, so it runs the same
Python and checkout, and no image is built. It shows the kernel's interrupts, time
stamps, biases and `EBUSY`; it shows no voltage, no contact bounce and no bcm2835.

`jumper` runs on a Raspberry Pi with an output pin wired to each sensor pin: real
electricity.

The guest can read the whole host file system: this is for development machines.
"""
