#!/bin/sh
# Make a virtual environment with pip in it, also where Debian's Python comes without python3-venv.
#
#   tools/make_venv.sh PYTHON FOLDER      (for example python3 .venv)
#
# Nothing on the system changes and no root is needed.
set -eu

[ $# = 2 ] || { echo "usage: $0 PYTHON FOLDER" >&2; exit 2; }
python=$1 folder=$2

stop() { echo "setup: $*" >&2; exit 1; }

command -v "$python" >/dev/null || stop "there is no \`$python\`; Omega needs Python 3.11 or later"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "Omega needs Python 3.11 or later, got \`$("$python" --version)\`; name another with \`make PYTHON=…\`"

if "$python" -c 'import ensurepip' 2>/dev/null; then
    exec "$python" -m venv "$folder"
fi

# Debian keeps pip apart, as a wheel in a package of its own. A wheel can install itself.
"$python" -m venv --without-pip "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get -qq download python3-pip-whl && dpkg-deb -x python3-pip-whl*.deb .) >"$work/log" 2>&1 ||
    stop "\`$python\` has no ensurepip; \`apt-get install python3-venv\` brings it, then run this again"
for wheel in "$work"/usr/share/python-wheels/pip-*.whl; do
    "$folder/bin/python" "$wheel/pip" install --quiet --no-index "$wheel"
done
