#!/bin/sh
# Takes out of an environment (its folder is $1) what running the bot never reads: a quarter of it.
set -eu
packages=$(echo "$1"/lib/python3.*/site-packages)
python="$1/bin/python"

"$python" -m pip uninstall --quiet --yes pip
find "$packages" -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
find "$packages" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' \
  -o -name '*.c' -o -name '*.cpp' -o -name '*.hpp' \) -delete

# Of the words for dates those of our languages, and what these fall back on.
"$python" - "$packages" <<'PYTHON'
import re, sys
from pathlib import Path
from bot.rendering.i18n import LANGUAGES

ours = {re.split("[-_]", code)[0] for code in LANGUAGES} | {"root"}
for file in Path(sys.argv[1], "babel", "locale-data").glob("*.dat"):
    if file.stem.split("_")[0] not in ours:
        file.unlink()
PYTHON

# Compiled now, since a read-only root keeps nothing; by their content, so that dates do not matter.
"$python" -m compileall -q --invalidation-mode unchecked-hash "$packages" || true
