"""All that FFmpeg's libraries do for the services, by PyAV, in processes of their own.

`process` starts one for each piece of work and reads its answer; `__main__` is what runs
there, with `video`, `wrapping`, `previews` and `keyframes`. The services live for months and are
given bytes of cameras that may send anything: a decoder that crashes or takes all memory must
not take a sensor with it, and its libraries need not lie in memory between two clips.
"""
