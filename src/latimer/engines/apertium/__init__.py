"""Debian's Apertium, a program of its own, as an engine.

Apertium is licensed under the GPL. It is run as a separate program and never imported.
"""
