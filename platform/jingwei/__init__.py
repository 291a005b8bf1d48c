"""Jingwei: YAML definitions in, a running operations platform out."""

__version__ = "0.1.0"
