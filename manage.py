#!/usr/bin/env python3
"""Django's command line: `manage.py up` starts everything, `manage.py help` lists the rest."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here: run the README's first command, or activate its .venv.")
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        # As a shell says of what Ctrl-C has ended.
        sys.stderr.write("\nStopped before it was done.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
