"""Adapters: a module for each library, imported only in its own environment."""
