"""The cloud's program: events in, alerts out."""
