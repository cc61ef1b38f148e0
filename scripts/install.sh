#!/bin/sh
# Makes .venv hold exactly what requirements.lock says; does nothing when it already does.
# With uv where there is one; else with a uv (or, failing that, the pip) of a small venv of its own inside .venv,
# for which Debian's python3-venv is installed where it is missing and we are root.
set -eu
cd "$(dirname "$0")/.."
. scripts/apt.sh

wanted=$(sha256sum <requirements.lock)
if [ "$(cat .venv/installed 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c "" 2>/dev/null; then
    exit 0
fi

find_python() {
    for name in ${PYTHON:-} python3.11 python3 python3.12; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    return 1
}

can_make_venv() {
    python=$(find_python) && "$python" -c "import ensurepip, venv" 2>/dev/null
}

# Compiled at once: every later start of a process is twice as fast.
sync_with() {
    "$1" pip sync --require-hashes --compile-bytecode --quiet --python .venv/bin/python requirements.lock
}

echo "Installing what requirements.lock names into .venv …"
.venv/bin/python -c "" 2>/dev/null || rm -rf .venv
rm -f .venv/installed

if uv --version >/dev/null 2>&1; then
    [ -e .venv ] || uv venv --quiet --python "$(find_python || echo 3.11)" .venv
    if sync_with uv; then
        echo "$wanted" >.venv/installed
        exit 0
    fi
    echo "uv could not do it; trying pip."
fi

can_make_venv || apt_install python3 python3-venv || true
can_make_venv || {
    echo "Portico needs Python 3.11 or 3.12 with venv: apt-get install python3-venv" >&2
    exit 1
}
[ -e .venv ] || "$python" -m venv --without-pip .venv
[ -e .venv/bootstrap/bin/pip ] || "$python" -m venv .venv/bootstrap
if ! { .venv/bootstrap/bin/pip install --quiet --require-hashes -r scripts/uv.lock && sync_with .venv/bootstrap/bin/uv; }; then
    .venv/bootstrap/bin/pip --python .venv/bin/python install --quiet --require-hashes -r requirements.lock
fi
echo "$wanted" >.venv/installed
