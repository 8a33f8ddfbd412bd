"""The script in a pack of files that puts them into a new folder with `sh`, `jq` and `sha256sum` alone. Pure.

A path may hold any character: it is read with an `x` behind it, since `$(...)` takes line feeds from the end.
"""

from typing import Final

RESTORE: Final = b"""#!/bin/sh
# Puts the files of this pack into a new folder:   sh restore.sh FOLDER
# It needs jq and sha256sum, and stops at the first file that is not what was read.
set -eu
umask 077
mkdir "$1"
into=$(cd "$1" && pwd)
for facts in files/*.json; do
  [ -e "$facts" ] || continue
  path=$(jq -j '.path + "x"' "$facts")
  path=$into/${path%x}
  mkdir -p "${path%/*}"
  case $(jq -r .kind "$facts") in
    file)
      : > "$path"
      for piece in "${facts%.json}"/*; do [ ! -e "$piece" ] || cat "$piece" >> "$path"; done
      if [ "$(sha256sum < "$path" | cut -c 1-64)" != "$(jq -r .sha256 "$facts")" ]; then
        echo "damaged: $path" >&2
        exit 1
      fi
      chmod "$(jq -r .mode "$facts")" "$path"
      touch -d "@$(jq -r .modified "$facts")" "$path" ;;
    folder)
      mkdir -p "$path"
      chmod "$(jq -r .mode "$facts")" "$path" ;;
    link)
      target=$(jq -j '.target + "x"' "$facts")
      ln -s "${target%x}" "$path" ;;
  esac
done
"""
