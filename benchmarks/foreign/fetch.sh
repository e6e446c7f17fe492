#!/usr/bin/env bash
# Fetches the source archives of archives.txt into FOLDER/sdist (nothing of them is built), and makes FOLDER/venv with
# what their examples need:  bash fetch.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); folder=${1:?usage: fetch.sh FOLDER}; python=${PYTHON:-python3}
mkdir -p "$folder/sdist" "$folder/stub"; folder=$(cd "$folder" && pwd)
[ -x "$folder/venv/bin/python" ] || "$python" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q --disable-pip-version-check -U pip
"$folder/venv/bin/python" -m pip install -q --disable-pip-version-check -r "$here/needs.txt" "$here/../.."
# pip asks an archive's build backend for its metadata: this one only hands over what the archive says of itself.
cat > "$folder/stub/_nobuild.py" <<'P'
import os, re, shutil
from email.parser import HeaderParser


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as file:
        said = HeaderParser().parse(file)
    name = "%s-%s.dist-info" % (re.sub(r"[-_.]+", "_", said["Name"]), said["Version"])
    os.makedirs(os.path.join(metadata_directory, name))
    shutil.copy("PKG-INFO", os.path.join(metadata_directory, name, "METADATA"))
    return name


def build_wheel(*arguments, **keywords):
    raise SystemExit("nothing is built here")
P
for backend in setuptools/build_meta hatchling/build flit_core/buildapi; do
  mkdir -p "$folder/stub/$(dirname "$backend")"; touch "$folder/stub/$(dirname "$backend")/__init__.py"
  printf 'from _nobuild import *\nimport _nobuild as __legacy__\n' > "$folder/stub/$backend.py"
done
echo 'from . import build_meta' > "$folder/stub/setuptools/__init__.py"
while read -r pinned hash; do
  sum=${hash#--hash=sha256:}
  grep -qs "$sum" <(sha256sum "$folder"/sdist/* 2>/dev/null) && continue
  PYTHONPATH="$folder/stub" "$folder/venv/bin/python" -m pip download -q --disable-pip-version-check --no-deps \
    --no-binary :all: --no-build-isolation -d "$folder/sdist" "$pinned"
  grep -q "$sum" <(sha256sum "$folder"/sdist/*) || { echo "$pinned has another digest"; exit 1; }
done < "$here/archives.txt"
