"""Use cases on ports: what each service does with one message, edge or picture."""
