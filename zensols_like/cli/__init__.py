"""The command line: arguments to exit code.  What takes long to import is imported by a command when it runs."""

__all__: list[str] = []
