"""What Picamera2 imports to write raw pictures; no wheel of it exists, and we write none."""
