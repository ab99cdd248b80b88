"""Real lines of a Raspberry Pi, by gpiozero on lgpio."""
