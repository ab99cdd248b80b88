"""Long campaigns on the virtual Pi; each prints a summary and writes a page of evidence.

What runs in the guest leaves its traces in a folder of the host, which outlives the guest.
"""
