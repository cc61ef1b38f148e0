#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.core.management import execute_from_command_line

from itsm.stack.endpoints import UnusableVar


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")
    try:
        execute_from_command_line(sys.argv)
    except UnusableVar as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
