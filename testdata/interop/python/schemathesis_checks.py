"""Checks of our own for schemathesis."""
